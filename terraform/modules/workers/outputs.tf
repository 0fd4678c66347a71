output "queues" {
  description = "The queues `celery` and `events` with their dead letters"
  value = {
    for noun, queue in aws_sqs_queue.this : noun => {
      name             = queue.name
      url              = queue.url
      arn              = queue.arn
      dead_letter_name = aws_sqs_queue.dead[noun].name
      dead_letter_arn  = aws_sqs_queue.dead[noun].arn
    }
  }
}

output "policy_arn" {
  description = "What a worker may; the small installation's portal host gets it too"
  value       = aws_iam_policy.worker.arn
}

output "role_arn" {
  description = "Role of worker hosts"
  value       = aws_iam_role.worker.arn
}

output "role_name" {
  description = "Name of that role"
  value       = aws_iam_role.worker.name
}

output "group_name" {
  description = "The auto-scaling group; null where the portal host does the work"
  value       = one([for group in aws_autoscaling_group.this : group.name])
}

output "wake_policy_arn" {
  description = "What a portal host needs that runs no workers: it may send them work"
  value       = aws_iam_policy.wake.arn
}

output "configuration_secret_arn" {
  description = "What worker hosts configure themselves by; null without a group"
  value       = one(aws_secretsmanager_secret.configuration[*].arn)
}
