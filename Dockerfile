# syntax=docker/dockerfile:1
# Three images: gateway, worker (CPU) and worker-cuda. Build one with --target.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install script of a dependency is needed; onnxruntime-node's would download the CUDA libraries.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM dependencies AS cuda-dependencies
# ONNX Runtime's CUDA provider is not in the npm package: its own installer takes it from the NuGet feed, same version.
RUN ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js \
  && rm -f node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_tensorrt.so

FROM dependencies AS gateway-dependencies
# The gateway never loads a network.
RUN rm -rf node_modules/onnxruntime-node node_modules/onnxruntime-common

FROM node:24-bookworm-slim AS gateway
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=gateway-dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY scripts/keys.ts scripts/
COPY scripts/keys scripts/keys
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/gateway/server.ts"]

# What both workers are, without Node and without dependencies.
FROM dependencies AS worker-files
COPY src src
COPY workers workers
COPY scripts scripts
# Stands behind every model where MODELS_DIR is not set: pictures of it are noise.
RUN node --input-type=module -e "await (await import('/app/scripts/start/demo-checkpoints.ts')).demoCheckpoints('/app/demo')"

FROM node:24-bookworm-slim AS worker
ENV NODE_ENV=production DEVICE=cpu
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=worker-files /app/package.json ./
COPY --from=worker-files /app/src src
COPY --from=worker-files /app/workers workers
COPY --from=worker-files /app/demo demo
USER node
CMD ["sh", "-c", "MODELS_DIR=\"${MODELS_DIR:-/app/demo/tiny-checkpoints}\" exec node workers/worker.ts"]

# CUDA 12 with cuDNN 9, as ONNX Runtime's CUDA provider for this package is built.
FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 AS worker-cuda
ENV NODE_ENV=production DEVICE=cuda:0
COPY --from=node:24-bookworm-slim /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=cuda-dependencies /app/node_modules node_modules
COPY --from=worker-files /app/package.json ./
COPY --from=worker-files /app/src src
COPY --from=worker-files /app/workers workers
COPY --from=worker-files /app/demo demo
# The image's ubuntu user.
USER 1000:1000
CMD ["sh", "-c", "MODELS_DIR=\"${MODELS_DIR:-/app/demo/tiny-checkpoints}\" exec node workers/worker.ts"]
