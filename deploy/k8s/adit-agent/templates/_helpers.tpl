{{/* Names, labels and what several templates work out. */}}

{{- define "adit-agent.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "adit-agent.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "adit-agent.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "adit-agent.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "adit-agent.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "adit-agent.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Of everything that belongs to this release, test pods included. */}}
{{- define "adit-agent.family" -}}
app.kubernetes.io/name: {{ include "adit-agent.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of the agents alone. */}}
{{- define "adit-agent.selector" -}}
{{ include "adit-agent.family" . }}
app.kubernetes.io/component: agent
{{- end }}

{{- define "adit-agent.labels" -}}
{{ include "adit-agent.selector" . }}
{{ include "adit-agent.commonLabels" . }}
{{- end }}

{{- define "adit-agent.commonLabels" -}}
app.kubernetes.io/part-of: adit
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* metadata of an object: (list $ name), or (list $ name annotations). */}}
{{- define "adit-agent.metadata" -}}
{{- $root := index . 0 -}}
{{- $own := dict }}{{ if gt (len .) 2 }}{{ $own = default dict (index . 2) }}{{ end -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "adit-agent.labels" $root | nindent 2 }}
{{- with merge (dict) $own $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "adit-agent.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* A duration as the program writes it, in whole seconds, rounded up. */}}
{{- define "adit-agent.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" }}{{ div (add $number 999) 1000 }}
{{- else }}{{ mul $number (get (dict "s" 1 "m" 60 "h" 3600) $unit) }}
{{- end }}
{{- end }}

{{- define "adit-agent.configMapName" -}}
{{- default (printf "%s-config" (include "adit-agent.fullname" .)) .Values.existingConfigMap }}
{{- end }}

{{/* What a port of an allow pattern is to a NetworkPolicy: nothing (any), one, or a range. */}}
{{- define "adit-agent.patternPorts" -}}
{{- if ne . "*" }}
{{- $ends := splitList "-" . }}
ports:
  - protocol: TCP
    port: {{ first $ends }}
    {{- if gt (len $ends) 1 }}
    endPort: {{ last $ends }}
    {{- end }}
{{- end }}
{{- end }}

{{/* The rule that lets an agent reach what an allow pattern of addresses names; nothing for a pattern of names. */}}
{{- define "adit-agent.patternRule" -}}
{{- $port := regexFind "[^:]+$" . -}}
{{- $host := trimSuffix (printf ":%s" $port) . | replace "[" "" | replace "]" "" -}}
{{- $four := regexMatch "^[0-9.]+(/[0-9]+)?$" $host -}}
{{- if or $four (contains ":" $host) }}
- to:
    - ipBlock:
        cidr: {{ if contains "/" $host }}{{ $host }}{{ else }}{{ $host }}/{{ ternary 32 128 $four }}{{ end }}
  {{- with include "adit-agent.patternPorts" $port | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Allow patterns that no NetworkPolicy can express, since it knows addresses and pods but no names. */}}
{{- define "adit-agent.namedPatterns" -}}
{{- $names := list }}
{{- range .Values.allow }}{{ if not (include "adit-agent.patternRule" .) }}{{ $names = append $names . }}{{ end }}{{ end }}
{{- join ", " $names }}
{{- end }}

{{/* Where the token is, for the container's environment. */}}
{{- define "adit-agent.tokenEnv" -}}
{{- $secret := .Values.token.existingSecret }}
{{- if .Values.token.path }}
- name: TUNNEL_TOKEN_FILE
  value: {{ .Values.token.path | quote }}
{{- else if eq .Values.token.as "env" }}
- name: TUNNEL_TOKEN
  valueFrom:
    secretKeyRef: { name: {{ $secret.name }}, key: {{ $secret.key }} }
{{- else }}
- name: TUNNEL_TOKEN_FILE
  value: /run/secrets/adit/token
{{- end }}
{{- end }}

{{- define "adit-agent.env" -}}
{{- include "adit-agent.tokenEnv" . }}
- name: TUNNEL_METRICS
  value: {{ printf "%s:%v" .Values.metrics.host .Values.metrics.port | quote }}
- name: TUNNEL_LOGLEVEL
  value: {{ .Values.logLevel }}
- name: TUNNEL_GRACE_PERIOD
  value: {{ .Values.gracePeriod }}
- name: TUNNEL_CONNECTIONS
  value: {{ .Values.connections | quote }}
- name: TUNNEL_TRANSPORT_PROTOCOL
  value: {{ .Values.transportProtocol }}
{{- with .Values.wireguard.mtu }}
- name: TUNNEL_WIREGUARD_MTU
  value: {{ . | quote }}
{{- end }}
{{- if .Values.proxy.existingSecret.name }}
- name: HTTPS_PROXY
  valueFrom:
    secretKeyRef: { name: {{ .Values.proxy.existingSecret.name }}, key: {{ .Values.proxy.existingSecret.key }} }
{{- else if .Values.proxy.url }}
- name: HTTPS_PROXY
  value: {{ .Values.proxy.url | quote }}
{{- end }}
{{- with .Values.proxy.noProxy }}
- name: NO_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "adit-agent.volumeMounts" -}}
- name: config
  mountPath: /etc/adit
  readOnly: true
{{- if include "adit-agent.tokenVolume" . }}
- name: token
  mountPath: /run/secrets/adit
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "adit-agent.volumes" -}}
- name: config
  configMap: { name: {{ include "adit-agent.configMapName" . }} }
{{- with include "adit-agent.tokenVolume" . }}
{{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "adit-agent.tokenVolume" -}}
{{- if and (not .Values.token.path) (eq .Values.token.as "file") -}}
- name: token
  secret:
    secretName: {{ .Values.token.existingSecret.name }}
    defaultMode: 0440
    items: [{ key: {{ .Values.token.existingSecret.key }}, path: token }]
{{- end }}
{{- end }}

{{/* run and diagnose go the same way with these. */}}
{{- define "adit-agent.arguments" -}}
- --config
- /etc/adit/agent.yaml
{{- range $name, $value := .Values.labels }}
- --label
- {{ printf "%s=%s" $name $value | quote }}
{{- end }}
{{- end }}

{{/* What of a pod's specification agents and test pods have in common. */}}
{{- define "adit-agent.podBasics" -}}
serviceAccountName: {{ include "adit-agent.serviceAccountName" . }}
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

{{/* How many pods there can be, those included that an upgrade starts before others end. */}}
{{- define "adit-agent.podsMost" -}}
{{- $replicas := ternary .Values.autoscaling.maxReplicas .Values.replicaCount .Values.autoscaling.enabled | int }}
{{- $surge := 0 }}
{{- if eq .Values.strategy.type "RollingUpdate" }}
{{- $surge = dig "maxSurge" 1 (default dict .Values.strategy.rollingUpdate) }}
{{- end }}
{{- if kindIs "string" $surge }}
{{- $surge = div (add (mul $replicas (trimSuffix "%" $surge | int)) 99) 100 }}
{{- end }}
{{- add $replicas $surge }}
{{- end }}

{{/* Combinations that cannot work are refused here, in words; what a single value may be says the schema. */}}
{{- define "adit-agent.validate" -}}
{{- if not (or .Values.token.existingSecret.name .Values.token.path) }}
{{- fail "token.existingSecret.name: name the Secret that holds the token (kubectl create secret generic adit-token --from-file=token), or set token.path to a file that a volume of yours brings" }}
{{- end }}
{{- if and .Values.existingConfigMap .Values.allow }}
{{- fail "allow belongs into the ConfigMap that existingConfigMap names: give one of the two" }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.services) }}
{{- with include "adit-agent.namedPatterns" . }}
{{- fail (printf "networkPolicy.services: a NetworkPolicy knows no names, so say where %s is (peers and ports), or set networkPolicy.enabled=false" .) }}
{{- end }}
{{- if .Values.existingConfigMap }}
{{- fail "networkPolicy.services: with existingConfigMap the chart does not see what is allowed, so say where the services are (peers and ports), or set networkPolicy.enabled=false" }}
{{- end }}
{{- end }}
{{- if and .Values.networkPolicy.enabled .Values.metrics.serviceMonitor.enabled (not .Values.networkPolicy.metrics.from) }}
{{- fail "networkPolicy.metrics.from: the ServiceMonitor could not be scraped; say where Prometheus is, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]" }}
{{- end }}
{{- $most := include "adit-agent.podsMost" . | int }}
{{- if and (eq .Values.transportProtocol "wireguard") (gt $most 7) }}
{{- fail (printf "a token has seats for 7 agents in the WireGuard network, and there could be %d during an upgrade: install the chart once per token, or let TLS carry them" $most) }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- end }}
