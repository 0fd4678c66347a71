variable "name" {
  description = "Name of the installation; begins every name"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens."
  }
}

variable "log_days" {
  description = "Days for which logs are kept"
  type        = number

  validation {
    condition     = var.log_days >= 30
    error_message = "log_days is at least 30: an incident is often found weeks later."
  }
}

variable "alarm_emails" {
  description = "Who is told of alarms"
  type        = list(string)

  validation {
    condition     = length(var.alarm_emails) > 0 && alltrue([for one in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+\\.[A-Za-z]{2,}$", one))])
    error_message = "alarm_emails holds at least one address, and nothing that is none."
  }
}

variable "account_guards" {
  description = "Whether the guards of the whole account and region are set here"
  type        = bool
}

variable "budget_usd" {
  description = "US dollars a month above which mail is sent; null: no budget"
  type        = number

  validation {
    condition     = var.budget_usd == null ? true : var.budget_usd > 0
    error_message = "budget_usd is more than 0, or null."
  }
}

variable "deletion_protection" {
  description = "Whether the bucket of logs stays while it holds something"
  type        = bool
}

variable "autoscaling_role_arn" {
  description = "Role by which auto-scaling groups start hosts, whose volumes the key `data` encrypts; the bootstrap makes it"
  type        = string

  validation {
    condition     = can(regex(":role/aws-service-role/autoscaling\\.amazonaws\\.com/", var.autoscaling_role_arn))
    error_message = "autoscaling_role_arn is the ARN of a service-linked role of Auto Scaling."
  }
}

variable "backup_account" {
  description = "Number of the account that keeps copies of the database's snapshots, and so uses the key `data`; null: none"
  type        = string
  default     = null

  validation {
    condition     = var.backup_account == null ? true : can(regex("^[0-9]{12}$", var.backup_account))
    error_message = "backup_account is the number of an account, 12 digits, or null."
  }
}
