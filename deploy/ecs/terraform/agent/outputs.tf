output "cluster_arn" {
  description = "The cluster that the tasks are in."
  value       = local.cluster_arn
}

output "service_name" {
  description = "For aws ecs update-service and describe-services."
  value       = aws_ecs_service.this.name
}

output "service_arn" {
  description = "The service."
  value       = aws_ecs_service.this.id
}

output "task_definition_arn" {
  description = "The task definition that the service runs."
  value       = aws_ecs_task_definition.this.arn
}

output "security_group_id" {
  description = "The agents' security group, for rules of targets that let them in and for further egress."
  value       = aws_security_group.this.id
}

output "log_group_name" {
  description = "For aws logs tail."
  value       = aws_cloudwatch_log_group.this.name
}

output "execution_role_arn" {
  description = "The role that a key policy or a secret's policy must let in."
  value       = aws_iam_role.execution.arn
}

output "task_role_arn" {
  description = "The containers' role."
  value       = aws_iam_role.task.arn
}
