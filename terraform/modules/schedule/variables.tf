variable "name" {
  description = "Name of the installation, first part of every name"
  type        = string
}

variable "events_queue_arn" {
  description = "Queue of `manage.py events_consume`"
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.events_queue_arn))
    error_message = "events_queue_arn is the ARN of an SQS queue."
  }
}

variable "kms_key_arn" {
  description = "Key of the queue and of the schedule"
  type        = string
}

variable "time_zone" {
  description = "Time zone of the expression; which month is meant, each contract's own decides"
  type        = string

  validation {
    condition     = can(regex("^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+-]+[0-9]*)+)$", var.time_zone))
    error_message = "The time zone is a name of the IANA list, for example Europe/Berlin or UTC."
  }
}

variable "expression" {
  description = "When, as EventBridge Scheduler writes it"
  type        = string

  validation {
    condition     = can(regex("^cron\\(([^ ]+ ){5}[^ ]+\\)$", var.expression))
    error_message = "The expression is cron(minutes hours day-of-month month day-of-week year), for example cron(0 6 1-10 * ? *) for six o'clock on the first ten days."
  }
}
