{{/* Names, labels and pieces of objects. What goes into the configuration is in _config.tpl. */}}

{{- define "adit-connector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for the names of a StatefulSet's pods and of the Services behind it. */}}
{{- define "adit-connector.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "adit-connector.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "adit-connector.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "adit-connector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "adit-connector.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "adit-connector.configMapName" -}}
{{- default (printf "%s-config" (include "adit-connector.fullname" .)) .Values.existingConfigMap }}
{{- end }}

{{/* Of everything that belongs to this release, test pods included. */}}
{{- define "adit-connector.family" -}}
app.kubernetes.io/name: {{ include "adit-connector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of the connectors alone. */}}
{{- define "adit-connector.selector" -}}
{{ include "adit-connector.family" . }}
app.kubernetes.io/component: connector
{{- end }}

{{- define "adit-connector.labels" -}}
{{ include "adit-connector.selector" . }}
{{ include "adit-connector.commonLabels" . }}
{{- end }}

{{- define "adit-connector.commonLabels" -}}
app.kubernetes.io/part-of: adit
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* metadata of an object: (list $ name annotations labels), the last two when there are any. */}}
{{- define "adit-connector.metadata" -}}
{{- $root := index . 0 -}}
{{- $own := dict }}{{ if gt (len .) 2 }}{{ $own = default dict (index . 2) }}{{ end -}}
{{- $more := dict }}{{ if gt (len .) 3 }}{{ $more = default dict (index . 3) }}{{ end -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "adit-connector.labels" $root | nindent 2 }}
  {{- with $more }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) $own $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "adit-connector.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* As many as there can be. */}}
{{- define "adit-connector.replicasMost" -}}
{{- ternary .Values.autoscaling.maxReplicas .Values.replicaCount .Values.autoscaling.enabled }}
{{- end }}

{{- define "adit-connector.hasTunnels" -}}
{{- if or .Values.tunnels.tls.enabled .Values.tunnels.wireguard.enabled }}yes{{ end }}
{{- end }}

{{/* Whether the tunnels' files are in an object, rather than on the volume. */}}
{{- define "adit-connector.tunnelFiles" -}}
{{- if .Values.tunnels.existingSecret -}}
secret: { secretName: {{ .Values.tunnels.existingSecret }}, defaultMode: 0440 }
{{- else if .Values.tunnels.existingConfigMap -}}
configMap: { name: {{ .Values.tunnels.existingConfigMap }} }
{{- else if .Values.tunnels.records -}}
configMap: { name: {{ include "adit-connector.fullname" . }}-tunnels }
{{- end }}
{{- end }}

{{- define "adit-connector.volumeMounts" -}}
- { name: config, mountPath: /etc/adit, readOnly: true }
{{- if include "adit-connector.hasTunnels" . }}
- { name: keys, mountPath: /run/secrets/adit/keys, readOnly: true }
{{- end }}
{{- if .Values.persistence.enabled }}
- { name: data, mountPath: /var/lib/adit }
{{- end }}
{{- if include "adit-connector.tunnelFiles" . }}
- { name: tunnels, mountPath: /var/lib/adit/tunnels.d, readOnly: true }
{{- end }}
{{- range .Values.listeners }}
{{- if (.tls).existingSecret }}
- { name: tls-{{ .name }}, mountPath: /run/secrets/adit/tls/{{ .name }}, readOnly: true }
{{- end }}
{{- if ((.tls).clientCaSecret).name }}
- { name: client-ca-{{ .name }}, mountPath: /run/secrets/adit/client-ca/{{ .name }}, readOnly: true }
{{- end }}
{{- end }}
{{- if .Values.state.existingSecret.name }}
- { name: state, mountPath: /run/secrets/adit/state, readOnly: true }
{{- end }}
{{- if .Values.state.caSecret.name }}
- { name: state-ca, mountPath: /run/secrets/adit/state-ca, readOnly: true }
{{- end }}
{{- range $i, $secret := .Values.secrets }}
- { name: secret-{{ $i }}, mountPath: {{ default (printf "/run/secrets/%s" .name) .path }}, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "adit-connector.volumes" -}}
- name: config
  configMap: { name: {{ include "adit-connector.configMapName" . }} }
{{- if include "adit-connector.hasTunnels" . }}
- name: keys
  secret:
    secretName: {{ .Values.tunnels.keys.existingSecret }}
    defaultMode: 0440
    items:
      {{- if .Values.tunnels.tls.enabled }}
      - { key: connector.key, path: connector.key }
      {{- end }}
      {{- if .Values.tunnels.wireguard.enabled }}
      - { key: wireguard.key, path: wireguard.key }
      - { key: wireguard.preshared, path: wireguard.preshared }
      {{- end }}
{{- end }}
{{- if .Values.persistence.enabled }}
- name: data
  persistentVolumeClaim: { claimName: {{ default (include "adit-connector.fullname" .) .Values.persistence.existingClaim }} }
{{- end }}
{{- with include "adit-connector.tunnelFiles" . }}
- name: tunnels
  {{ . }}
{{- end }}
{{- range .Values.listeners }}
{{- if (.tls).existingSecret }}
- name: tls-{{ .name }}
  secret: { secretName: {{ .tls.existingSecret }}, defaultMode: 0440 }
{{- end }}
{{- if ((.tls).clientCaSecret).name }}
- name: client-ca-{{ .name }}
  secret: { secretName: {{ .tls.clientCaSecret.name }}, defaultMode: 0440 }
{{- end }}
{{- end }}
{{- with .Values.state.existingSecret }}
{{- if .name }}
- name: state
  secret: { secretName: {{ .name }}, defaultMode: 0440, items: [{ key: {{ .key }}, path: url }] }
{{- end }}
{{- end }}
{{- with .Values.state.caSecret }}
{{- if .name }}
- name: state-ca
  secret: { secretName: {{ .name }}, defaultMode: 0440, items: [{ key: {{ .key }}, path: ca.crt }] }
{{- end }}
{{- end }}
{{- range $i, $secret := .Values.secrets }}
- name: secret-{{ $i }}
  secret: { secretName: {{ .name }}, defaultMode: 0440 }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What of a pod's specification connectors and test pods have in common. */}}
{{- define "adit-connector.podBasics" -}}
serviceAccountName: {{ include "adit-connector.serviceAccountName" . }}
automountServiceAccountToken: {{ .Values.serviceAccount.automountToken }}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" "runtimeClassName" "dnsPolicy" "dnsConfig" "hostAliases" }}
{{- with index $.Values $key }}
{{ toYaml (dict $key .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Fields that Services of both kinds take from their values. */}}
{{- define "adit-connector.serviceSettings" -}}
type: {{ .type }}
{{- range $key := list "clusterIP" "loadBalancerClass" "externalTrafficPolicy" "ipFamilyPolicy" "loadBalancerSourceRanges" }}
{{- with index $ $key }}
{{ toYaml (dict $key .) }}
{{- end }}
{{- end }}
{{- end }}
