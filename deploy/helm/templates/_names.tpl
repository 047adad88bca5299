{{- define "sdxl.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels of everything; (dict "root" $ "component" "gateway") */}}
{{- define "sdxl.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "sdxl.selector" . }}
{{- end -}}

{{- define "sdxl.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* (dict "root" $ "suffix" "worker-cuda") */}}
{{- define "sdxl.image" -}}
{{- $image := .root.Values.image -}}
{{- printf "%s-%s:%s" $image.repository .suffix (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}

{{/* A pool of workers with what it leaves out, as JSON. (dict "root" $ "pool" $pool) */}}
{{- define "sdxl.pool" -}}
{{- mergeOverwrite (deepCopy .root.Values.workerDefaults) .pool | toJson -}}
{{- end -}}

{{/* What contradicts itself is refused before anything is rendered. */}}
{{- define "sdxl.check" -}}
{{- $v := .Values -}}
{{- if and $v.keda.enabled $v.autoscaling.enabled -}}
{{- fail "keda.enabled and autoscaling.enabled both scale the workers: set one of them to false" -}}
{{- end -}}
{{- if and $v.keda.enabled (not $v.keda.prometheusAddress) -}}
{{- fail "keda.enabled needs keda.prometheusAddress, the Prometheus that scrapes the gateways" -}}
{{- end -}}
{{- if and (or $v.keda.enabled $v.serviceMonitor.enabled) (not $v.metrics.enabled) -}}
{{- fail "keda.enabled and serviceMonitor.enabled need metrics.enabled" -}}
{{- end -}}
{{- if and $v.existingSecret (not $v.existingSecretKeys) -}}
{{- fail "existingSecretKeys is empty: name the keys of existingSecret that are settings, such as REDIS_URL" -}}
{{- end -}}
{{- if and $v.existingSecretKeys (not $v.existingSecret) -}}
{{- fail "existingSecretKeys are given, but existingSecret is not: which Secret has them?" -}}
{{- end -}}
{{- $given := or (hasKey $v.settings "REDIS_URL") (has "REDIS_URL" $v.existingSecretKeys) -}}
{{- if and (not $v.redis.enabled) (not $given) -}}
{{- fail "redis.enabled is false: say which Redis in settings.REDIS_URL, or in existingSecret" -}}
{{- end -}}
{{- if and $v.redis.enabled $given -}}
{{- fail "REDIS_URL names a Redis of yours: set redis.enabled to false" -}}
{{- end -}}
{{- if and $v.persistence.results.enabled (hasKey $v.settings "RESULTS") -}}
{{- fail "persistence.results.enabled keeps results in its volume: leave settings.RESULTS out" -}}
{{- end -}}
{{- if and (not $v.persistence.results.enabled) (hasPrefix "dir:" (default "" $v.settings.RESULTS)) -}}
{{- fail "settings.RESULTS names a folder, which every pod would have for itself: set persistence.results.enabled instead" -}}
{{- end -}}
{{- $names := list -}}
{{- range $v.workers -}}
{{- if has .name $names -}}{{- fail (printf "workers: two pools are called %q" .name) -}}{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end -}}
