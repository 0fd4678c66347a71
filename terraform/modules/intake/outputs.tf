output "api_id" {
  description = "The private REST API"
  value       = aws_api_gateway_rest_api.this.id
}

output "stage" {
  description = "Its stage"
  value       = aws_api_gateway_stage.this.stage_name
}

output "url" {
  description = "Where customers send to, without kind and customer; resolves inside our network, or by the endpoint's own name"
  value       = "https://${aws_api_gateway_rest_api.this.id}-${var.endpoint_id}.execute-api.${local.region}.amazonaws.com/${local.stage}/inbox"
}

output "function_name" {
  description = "The function"
  value       = aws_lambda_function.intake.function_name
}

output "sender_secrets" {
  description = "The empty places of senders' secrets, by customer"
  value       = { for customer, secret in aws_secretsmanager_secret.sender : customer => secret.name }
}
