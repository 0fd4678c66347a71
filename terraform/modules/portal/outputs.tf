output "address" {
  description = "What the portal's name has to lead to: the load balancer's name, or the host's address"
  value       = local.balanced ? aws_lb.this[0].dns_name : var.fixed_address
}

output "role_arn" {
  description = "Role of portal hosts"
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of that role"
  value       = aws_iam_role.this.name
}

output "group_name" {
  description = "The auto-scaling group"
  value       = aws_autoscaling_group.this.name
}

output "load_balancer" {
  description = "What metrics of the load balancer are found by: suffixes of its ARN and its target group's; null without one"
  value       = local.balanced ? { arn_suffix = aws_lb.this[0].arn_suffix, target_group_arn_suffix = aws_lb_target_group.this[0].arn_suffix } : null
}

output "secrets" {
  description = "ARNs of the portal's own secrets"
  value       = local.secret_arns
}

output "release_parameter" {
  description = "Names the current release"
  value       = { name = aws_ssm_parameter.release.name, arn = aws_ssm_parameter.release.arn }
}

output "configuration_secret_arn" {
  description = "What portal hosts configure themselves by"
  value       = aws_secretsmanager_secret.configuration.arn
}
