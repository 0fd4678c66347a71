variable "name" {
  description = "Name of the installation, first part of every name"
  type        = string
}

variable "alarm_topic_arn" {
  description = "Where alarms go"
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sns:", var.alarm_topic_arn))
    error_message = "alarm_topic_arn is the ARN of an SNS topic."
  }
}

variable "log_days" {
  description = "Days for which logs of hosts are kept"
  type        = number
}

variable "log_kms_key_arn" {
  description = "Key of log groups"
  type        = string
}

variable "queues" {
  description = "Queues by label"
  type        = map(string)
}

variable "dead_letter_queues" {
  description = "Queues of dead letters by label"
  type        = map(string)

  validation {
    condition     = length(var.dead_letter_queues) > 0
    error_message = "A dead letter that nobody is told of is lost: name the queues of dead letters."
  }
}

variable "functions" {
  description = "Names of functions by label: `intake`, `vault`, `vpn_failover`"
  type        = map(string)
}

variable "database_cluster_identifier" {
  description = "Aurora's cluster"
  type        = string
}

variable "vpn_instance_ids" {
  description = "VPN hosts by label"
  type        = map(string)
}

variable "customers" {
  description = "Customers with a tunnel"
  type        = list(string)
}

variable "group_names" {
  description = "Auto-scaling groups by label"
  type        = map(string)
}

variable "load_balancer" {
  description = "Suffixes of the ARNs of the portal's load balancer and its target group; null without one"
  type        = object({ arn_suffix = string, target_group_arn_suffix = string })
}
