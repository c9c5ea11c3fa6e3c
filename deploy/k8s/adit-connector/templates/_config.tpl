{{/* The connector's configuration, and which combinations of values cannot work. */}}

{{/* What only a new process takes up (docs/operations.md): a change of it replaces the pods, by the checksum on them. */}}
{{- define "adit-connector.fixed" -}}
workers: {{ .Values.workers }}
admin:
  address: "127.0.0.1:9901"
  metrics: {{ printf "%s:%v" .Values.metrics.host .Values.metrics.port | quote }}
{{- if include "adit-connector.hasTunnels" . }}
tunnels:
  directory: /var/lib/adit/tunnels.d
  {{- with .Values.tunnels.tls }}
  {{- if .enabled }}
  tls:
    address: {{ printf "%s:%v" $.Values.host .port | quote }}
    key: /run/secrets/adit/keys/connector.key
    {{- with .advertise }}
    advertise: {{ toJson . }}
    {{- end }}
  {{- end }}
  {{- end }}
  {{- with .Values.tunnels.wireguard }}
  {{- if .enabled }}
  wireguard:
    address: {{ printf "%s:%v" $.Values.host .port | quote }}
    network: {{ .network }}
    key: /run/secrets/adit/keys/wireguard.key
    {{- with .advertise }}
    advertise: {{ toJson . }}
    {{- end }}
    {{- with .mtu }}
    mtu: {{ . }}
    {{- end }}
    {{- with .keepalive }}
    keepalive: {{ . }}
    {{- end }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "adit-connector.listeners" -}}
listeners:
{{- range .Values.listeners }}
  - name: {{ .name }}
    address: {{ printf "%s:%v" $.Values.host .port | quote }}
    {{- $tls := dict }}
    {{- if (.tls).existingSecret }}
    {{- $folder := printf "/run/secrets/adit/tls/%s" .name }}
    {{- $tls = dict "certificate" (printf "%s/tls.crt" $folder) "key" (printf "%s/tls.key" $folder) }}
    {{- end }}
    {{- if ((.tls).clientCaSecret).name }}
    {{- $_ := set $tls "client_ca" (printf "/run/secrets/adit/client-ca/%s/%s" .name (default "ca.crt" .tls.clientCaSecret.key)) }}
    {{- end }}
    {{- $settings := default dict .settings }}
    {{- with merge (default dict $settings.tls) $tls }}
    tls:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with omit $settings "tls" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{- define "adit-connector.state" -}}
{{- if .Values.state.existingSecret.name }}
state:
  url: "${file:/run/secrets/adit/state/url}"
  {{- if .Values.state.caSecret.name }}
  ca: /run/secrets/adit/state-ca/ca.crt
  {{- end }}
  {{- with .Values.state.settings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "adit-connector.config" -}}
{{ include "adit-connector.fixed" . }}
{{ include "adit-connector.listeners" . }}
{{- with include "adit-connector.state" . | trim }}
{{ . }}
{{- end }}
{{- with .Values.config }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Combinations that cannot work are refused here, in words; what a single value may be says the schema. */}}
{{- define "adit-connector.validate" -}}
{{- $tunnels := .Values.tunnels }}
{{- $most := include "adit-connector.replicasMost" . | int }}
{{- $sources := compact (list (ternary "records" "" (not (empty $tunnels.records))) (ternary "existingConfigMap" "" (ne $tunnels.existingConfigMap "")) (ternary "existingSecret" "" (ne $tunnels.existingSecret ""))) }}
{{- if include "adit-connector.hasTunnels" . }}
{{- if not $tunnels.keys.existingSecret }}
{{- fail "tunnels.keys.existingSecret: name the Secret with the connector's private keys, which all replicas share (kubectl create secret generic adit-keys --from-file=connector.key); README.md says how they are made" }}
{{- end }}
{{- if gt (len $sources) 1 }}
{{- fail (printf "tunnels: give one of %s" (join " and " $sources)) }}
{{- end }}
{{- if and (not $sources) (not .Values.persistence.enabled) }}
{{- fail "tunnels: say where the tunnels' files are: records, existingConfigMap, existingSecret, or persistence.enabled=true for a volume that the command line may write to" }}
{{- end }}
{{- if not $sources }}
{{- if and $tunnels.tls.enabled (not $tunnels.tls.advertise) }}
{{- fail "tunnels.tls.advertise: tokens that are made in the cluster must say what agents dial, such as [tunnels.example.com:7443]" }}
{{- end }}
{{- if and $tunnels.wireguard.enabled (not $tunnels.wireguard.advertise) }}
{{- fail "tunnels.wireguard.advertise: tokens that are made in the cluster must say what agents dial, such as [tunnels.example.com:51820]" }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.persistence.enabled (not .Values.persistence.existingClaim) (gt $most 1) (not (has "ReadWriteMany" .Values.persistence.accessModes)) }}
{{- fail "persistence.accessModes: all replicas share the volume, so it must be ReadWriteMany, or replicaCount 1" }}
{{- end }}
{{- $names := list "metrics" "tunnel" "wireguard" }}
{{- $ports := list (int .Values.metrics.port) 9901 }}
{{- if $tunnels.tls.enabled }}{{ $ports = append $ports (int $tunnels.tls.port) }}{{ end }}
{{- range .Values.listeners }}
{{- if has .name $names }}{{ fail (printf "listeners: the name %s is taken" .name) }}{{ end }}
{{- if has (int .port) $ports }}{{ fail (printf "listeners: port %v of %s is taken" .port .name) }}{{ end }}
{{- $names = append $names .name }}
{{- $ports = append $ports (int .port) }}
{{- end }}
{{- if and .Values.existingConfigMap .Values.config }}
{{- fail "config belongs into the ConfigMap that existingConfigMap names: give one of the two" }}
{{- end }}
{{- if and .Values.networkPolicy.enabled .Values.metrics.serviceMonitor.enabled (not .Values.networkPolicy.metrics.from) }}
{{- fail "networkPolicy.metrics.from: the ServiceMonitor could not be scraped; say where Prometheus is, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]" }}
{{- end }}
{{- if and .Values.ingress.enabled (not (has .Values.ingress.listener $names)) }}
{{- fail (printf "ingress.listener: there is no listener %s" .Values.ingress.listener) }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- end }}
