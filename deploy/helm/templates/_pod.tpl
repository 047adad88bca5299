{{/* Beginning of every pod's spec. */}}
{{- define "sdxl.podSpec" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "sdxl.containerSecurity" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Settings as variables: those of the chart, of both, and of one component. (dict "root" $ "own" .settings "set" (dict)) */}}
{{- define "sdxl.env" -}}
{{- $v := .root.Values -}}
{{- $chart := dict -}}
{{- if $v.redis.enabled -}}
{{- $_ := set $chart "REDIS_URL" (printf "redis://%s-redis:6379" (include "sdxl.fullname" .root)) -}}
{{- end -}}
{{- if $v.metrics.enabled -}}
{{- $_ := set $chart "METRICS_HOST" "0.0.0.0" -}}
{{- $_ := set $chart "METRICS_PORT" $v.metrics.port -}}
{{- end -}}
{{- if $v.persistence.results.enabled -}}
{{- $_ := set $chart "RESULTS" "dir:/results" -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $chart (deepCopy .set) (deepCopy $v.settings) (deepCopy .own) }}
- name: {{ $name }}
  value: {{ if kindIs "float64" $value }}{{ if eq $value (floor $value) }}{{ int64 $value | quote }}{{ else }}{{ $value | quote }}{{ end }}{{ else }}{{ $value | quote }}{{ end }}
{{- end }}
{{- range $v.existingSecretKeys }}
- name: {{ . }}_FILE
  value: /run/secrets/sdxl-server/{{ . }}
{{- end }}
{{- end -}}

{{- define "sdxl.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .Values.existingSecret }}
- { name: secrets, mountPath: /run/secrets/sdxl-server, readOnly: true }
{{- end }}
{{- if .Values.persistence.results.enabled }}
- { name: results, mountPath: /results }
{{- end }}
{{- end -}}

{{- define "sdxl.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if .Values.existingSecret }}
- name: secrets
  secret:
    secretName: {{ .Values.existingSecret }}
    items:
      {{- range .Values.existingSecretKeys }}
      - { key: {{ . }}, path: {{ . }} }
      {{- end }}
{{- end }}
{{- if .Values.persistence.results.enabled }}
- name: results
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-results" (include "sdxl.fullname" .)) .Values.persistence.results.existingClaim }}
{{- end }}
{{- end -}}

{{/* Where a pod may be put. */}}
{{- define "sdxl.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
