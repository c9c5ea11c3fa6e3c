variable "name" {
  description = "Of the service and all that belongs to it."
  type        = string
  default     = "adit-agent"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "Small letters, digits and hyphens, 2 to 32 of them."
  }
}

variable "vpc_id" {
  description = "The network that the private services are in."
  type        = string
}

variable "private_subnet_ids" {
  description = "Private subnets in at least two zones, with a NAT gateway or VPC endpoints on their way out."
  type        = list(string)

  validation {
    condition     = length(distinct(var.private_subnet_ids)) >= 2
    error_message = "Two different subnets are needed, in two zones."
  }
}

variable "cluster_arn" {
  description = "An ECS cluster that there is; null makes one with Container Insights."
  type        = string
  default     = null
}

variable "image" {
  description = "The agent's image with its tag or, better, its digest."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.image))
    error_message = "An image needs a tag or a digest."
  }
}

variable "image_repository_arn" {
  description = "The ECR repository that the image is pulled from; null for a registry that asks nobody."
  type        = string
  default     = null
}

variable "cpu_architecture" {
  description = "What the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "X86_64 or ARM64."
  }
}

variable "platform_version" {
  description = "Fargate's platform version; 1.4.0 is the first with what this module asks for."
  type        = string
  default     = "1.4.0"
}

variable "task_cpu" {
  description = "CPU units of a task; the agent uses one core at most."
  type        = number
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.task_cpu)
    error_message = "256, 512, 1024, 2048 or 4096."
  }
}

variable "task_memory" {
  description = "MiB of a task, of those that Fargate has for its CPU units."
  type        = number
  default     = 512
}

variable "token_arn" {
  description = "Where the tunnel's token is: a secret of Secrets Manager, or a SecureString parameter of SSM. The token itself is no variable."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:|ssm:[a-z0-9-]+:[0-9]{12}:parameter/)", var.token_arn))
    error_message = "The ARN of a secret, or of a SecureString parameter."
  }
}

variable "token_kms_key_arn" {
  description = "The customer's KMS key that the token is encrypted with; null for AWS's own."
  type        = string
  default     = null
}

variable "transport" {
  description = "TUNNEL_TRANSPORT_PROTOCOL: auto, tls or wireguard."
  type        = string
  default     = "auto"

  validation {
    condition     = contains(["auto", "tls", "wireguard"], var.transport)
    error_message = "auto, tls or wireguard."
  }
}

variable "allow" {
  description = "TUNNEL_ALLOW: patterns HOST:PORT of targets. What is not listed is refused."
  type        = list(string)

  validation {
    condition     = length(var.allow) > 0 && alltrue([for one in var.allow : can(regex("^[^,[:space:]]+:[0-9*-]+$", one))])
    error_message = "At least one pattern HOST:PORT, each without commas."
  }
}

variable "connector_cidrs" {
  description = "Where the connector's addresses are; 0.0.0.0/0 where they are not known beforehand."
  type        = list(string)

  validation {
    condition     = length(var.connector_cidrs) > 0 && alltrue([for one in var.connector_cidrs : can(cidrhost(one, 0))])
    error_message = "At least one block (CIDR)."
  }
}

variable "tunnel_ports" {
  description = "TCP ports that agents dial at the connector."
  type        = list(number)
  default     = [7443, 7444]
}

variable "wireguard_ports" {
  description = "UDP ports that agents send WireGuard to."
  type        = list(number)
  default     = [51820, 51821]
}

variable "targets" {
  description = "Where the targets of allow are, by name; the security group lets nothing else through."
  type = map(object({
    cidr = string
    from = number
    to   = number
  }))

  validation {
    condition     = length(var.targets) > 0 && alltrue([for one in var.targets : can(cidrhost(one.cidr, 0)) && one.from <= one.to])
    error_message = "At least one, each with a block (CIDR) and ports from <= to."
  }
}

variable "dns_cidrs" {
  description = "Name servers. The default is Amazon's resolver, which security groups do not filter anyway."
  type        = list(string)
  default     = ["169.254.169.253/32"]
}

variable "aws_services_cidrs" {
  description = "Where HTTPS reaches ECR, logs and the secret from the task: the VPC endpoints' network, or 0.0.0.0/0 behind a NAT gateway."
  type        = list(string)
}

variable "s3_prefix_list_id" {
  description = "Prefix list of the gateway endpoint for S3, where ECR keeps layers; null without that endpoint."
  type        = string
  default     = null
}

variable "min_tasks" {
  description = "Tasks that there always are; Fargate spreads them over the zones of the subnets."
  type        = number
  default     = 2

  validation {
    condition     = var.min_tasks >= 2
    error_message = "Two at least: one for each zone."
  }
}

variable "max_tasks" {
  description = "The most that autoscaling starts. A WireGuard key has seven seats, one for each task."
  type        = number
  default     = 7
}

variable "cpu_target" {
  description = "Percent of CPU that autoscaling aims at."
  type        = number
  default     = 60

  validation {
    condition     = var.cpu_target >= 10 && var.cpu_target <= 90
    error_message = "From 10 to 90."
  }
}

variable "streams_target" {
  description = "Open streams per task that autoscaling aims at, too; 0 leaves that out, and the container that reads them."
  type        = number
  default     = 0
}

variable "metrics_image" {
  description = "The CloudWatch agent that brings the number of streams to CloudWatch, when streams_target is not 0."
  type        = string
  default     = "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300062.0b1304"
}

variable "log_level" {
  description = "TUNNEL_LOGLEVEL: trace, debug, info, warn or error."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["trace", "debug", "info", "warn", "error"], var.log_level)
    error_message = "trace, debug, info, warn or error."
  }
}

variable "log_retention_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 30
}

variable "log_kms_key_arn" {
  description = "A KMS key for the log group, whose policy lets CloudWatch Logs use it; null for AWS's own."
  type        = string
  default     = null
}

variable "tags" {
  description = "Of everything, tasks included."
  type        = map(string)
  default     = {}
}
