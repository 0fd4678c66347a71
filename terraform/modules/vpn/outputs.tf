output "service_address" {
  description = "The one public address that customers and staff dial"
  value       = aws_eip.service.public_ip
}

output "allocation_id" {
  description = "The service address, as EC2 names it"
  value       = aws_eip.service.id
}

output "hosts" {
  description = "VPN hosts: `a`, and `b` that stands by; each with `instance_id`, `interface_id` and its private `address`"
  value = {
    for host in keys(local.hosts) : host => {
      instance_id  = aws_instance.host[host].id
      interface_id = aws_network_interface.host[host].id
      address      = aws_network_interface.host[host].private_ip
    }
  }
}

output "record" {
  description = "SSM parameter that keeps the moves"
  value       = aws_ssm_parameter.record.name
}

output "role_arn" {
  description = "Role of VPN hosts"
  value       = aws_iam_role.host.arn
}

output "role_name" {
  description = "Name of that role"
  value       = aws_iam_role.host.name
}

output "failover" {
  description = "The backstop: `function_name`, and `topic_arn` whose messages wake it; null without a standby"
  value = var.standby ? {
    function_name = aws_lambda_function.failover[0].function_name
    topic_arn     = aws_sns_topic.wake[0].arn
  } : null
}

output "alarm_names" {
  description = "Names of the VPN's alarms"
  value = concat(
    [for alarm in aws_cloudwatch_metric_alarm.system : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.instance : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.silent : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.tunnels : alarm.alarm_name],
  )
}
