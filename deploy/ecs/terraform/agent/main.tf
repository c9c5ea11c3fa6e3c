# Adit's agent on Fargate: tasks in private subnets that dial out to the connector. The same as ../../agent.yaml.

data "aws_partition" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition   = data.aws_partition.this.partition
  region      = element(split(":", aws_cloudwatch_log_group.this.arn), 3)
  account     = data.aws_caller_identity.this.account_id
  cluster_arn = var.cluster_arn == null ? aws_ecs_cluster.this[0].arn : var.cluster_arn
  # arn:PARTITION:ecs:REGION:ACCOUNT:cluster/NAME
  cluster_name = element(split("/", local.cluster_arn), 1)
  on_streams   = var.streams_target > 0

  agent = {
    name                   = "agent"
    image                  = var.image
    essential              = true
    command                = ["run"]
    user                   = "10001"
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = { capabilities = { add = [], drop = ["ALL"] } }
    ulimits                = [{ name = "nofile", softLimit = 65535, hardLimit = 65535 }]
    environment = [
      { name = "TUNNEL_ALLOW", value = join(",", var.allow) },
      { name = "TUNNEL_TRANSPORT_PROTOCOL", value = var.transport },
      # Loopback of the task: its health check and the CloudWatch agent reach it, the network does not.
      { name = "TUNNEL_METRICS", value = "127.0.0.1:20241" },
      { name = "TUNNEL_LOGLEVEL", value = var.log_level },
      { name = "TUNNEL_GRACE_PERIOD", value = "90s" },
    ]
    secrets     = [{ name = "TUNNEL_TOKEN", valueFrom = var.token_arn }]
    stopTimeout = 120 # Fargate's most, and longer than TUNNEL_GRACE_PERIOD
    # ECS ends a task that is unhealthy. So the check is patient: connectors that are away for three minutes end no agent.
    healthCheck = {
      command     = ["CMD", "adit-agent", "healthcheck"]
      interval    = 20
      timeout     = 5
      retries     = 10
      startPeriod = 300
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "agent"
        mode                  = "non-blocking"
        max-buffer-size       = "4m"
      }
    }
  }

  # Reads /metrics and writes the number of streams in embedded metric format, from which CloudWatch makes a metric.
  metrics = {
    name              = "metrics"
    image             = var.metrics_image
    essential         = false
    memoryReservation = 64
    linuxParameters   = { capabilities = { add = [], drop = ["ALL"] } }
    environment = [
      {
        name = "PROMETHEUS_CONFIG_CONTENT"
        value = yamlencode({
          global = { scrape_interval = "30s", scrape_timeout = "10s" }
          scrape_configs = [{
            job_name = "adit-agent"
            static_configs = [{
              targets = ["127.0.0.1:20241"]
              labels  = { ClusterName = local.cluster_name, ServiceName = var.name }
            }]
          }]
        })
      },
      {
        name = "CW_CONFIG_CONTENT"
        value = jsonencode({
          logs = {
            metrics_collected = {
              prometheus = {
                prometheus_config_path = "env:PROMETHEUS_CONFIG_CONTENT"
                log_group_name         = aws_cloudwatch_log_group.this.name
                emf_processor = {
                  metric_namespace         = "Adit"
                  metric_declaration_dedup = true
                  metric_declaration = [{
                    source_labels    = ["job"]
                    label_matcher    = "^adit-agent$"
                    dimensions       = [["ClusterName", "ServiceName"]]
                    metric_selectors = ["^adit_agent_streams$"]
                  }]
                }
              }
            }
            force_flush_interval = 5
          }
        })
      },
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "metrics"
      }
    }
  }
}

resource "aws_ecs_cluster" "this" {
  count = var.cluster_arn == null ? 1 : 0
  name  = var.name
  tags  = var.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/adit/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

# Without ingress: nobody connects to an agent. The rule by which AWS lets everything out is taken away by the provider.
resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "Agents of Adit: out to the connector, name servers, targets and what Fargate itself needs; in nothing"
  vpc_id      = var.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "tls" {
  for_each = var.transport == "wireguard" ? {} : {
    for pair in setproduct(var.connector_cidrs, var.tunnel_ports) : "${pair[0]} ${pair[1]}" => { cidr = pair[0], port = tonumber(pair[1]) }
  }
  security_group_id = aws_security_group.this.id
  description       = "tunnels over TLS"
  ip_protocol       = "tcp"
  cidr_ipv4         = each.value.cidr
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "wireguard" {
  for_each = var.transport == "tls" ? {} : {
    for pair in setproduct(var.connector_cidrs, var.wireguard_ports) : "${pair[0]} ${pair[1]}" => { cidr = pair[0], port = tonumber(pair[1]) }
  }
  security_group_id = aws_security_group.this.id
  description       = "tunnels over WireGuard"
  ip_protocol       = "udp"
  cidr_ipv4         = each.value.cidr
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "targets" {
  for_each          = var.targets
  security_group_id = aws_security_group.this.id
  description       = "targets ${each.key}"
  ip_protocol       = "tcp"
  cidr_ipv4         = each.value.cidr
  from_port         = each.value.from
  to_port           = each.value.to
}

resource "aws_vpc_security_group_egress_rule" "names" {
  for_each          = { for pair in setproduct(var.dns_cidrs, ["udp", "tcp"]) : join(" ", pair) => { cidr = pair[0], protocol = pair[1] } }
  security_group_id = aws_security_group.this.id
  description       = "names"
  ip_protocol       = each.value.protocol
  cidr_ipv4         = each.value.cidr
  from_port         = 53
  to_port           = 53
}

# Since platform version 1.4.0 the image, the secret and the log lines go through the task's own interface.
resource "aws_vpc_security_group_egress_rule" "aws" {
  for_each          = toset(var.aws_services_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "image and secret and logs"
  ip_protocol       = "tcp"
  cidr_ipv4         = each.value
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "layers" {
  count             = var.s3_prefix_list_id == null ? 0 : 1
  security_group_id = aws_security_group.this.id
  description       = "layers of the image"
  ip_protocol       = "tcp"
  prefix_list_id    = var.s3_prefix_list_id
  from_port         = 443
  to_port           = 443
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(local.on_streams ? [local.agent, local.metrics] : [local.agent])
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = local.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.min_tasks
  launch_type                        = "FARGATE"
  platform_version                   = var.platform_version
  enable_execute_command             = false
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  wait_for_steady_state              = true
  tags                               = var.tags

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    assign_public_ip = false
    security_groups  = [aws_security_group.this.id]
    subnets          = var.private_subnet_ids
  }

  # What autoscaling has done is not undone.
  lifecycle {
    ignore_changes = [desired_count]
  }

  # A task that starts before its rights and ways are there fails, and counts as a failed deployment.
  depends_on = [
    aws_iam_role_policy.execution,
    aws_vpc_security_group_egress_rule.tls,
    aws_vpc_security_group_egress_rule.wireguard,
    aws_vpc_security_group_egress_rule.names,
    aws_vpc_security_group_egress_rule.aws,
    aws_vpc_security_group_egress_rule.layers,
  ]
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${local.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# The average over tasks of what each has open; the CPU may be idle while streams wait for answers.
resource "aws_appautoscaling_policy" "streams" {
  count              = local.on_streams ? 1 : 0
  name               = "streams"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.streams_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      namespace   = "Adit"
      metric_name = "adit_agent_streams"
      statistic   = "Average"

      dimensions {
        name  = "ClusterName"
        value = local.cluster_name
      }
      dimensions {
        name  = "ServiceName"
        value = var.name
      }
    }
  }
}
