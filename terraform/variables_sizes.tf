variable "vpn" {
  description = "VPN hosts: instance type, and whether a second one stands by and takes over"
  type = object({
    instance_type = string
    standby       = bool
  })

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.vpn.instance_type))
    error_message = "vpn.instance_type is a type of EC2, for example t3.small."
  }
}

variable "portal" {
  description = "Portal hosts: type, how many, and whether an internal load balancer stands before them (then with its certificate's ARN)"
  type = object({
    instance_type   = string
    hosts           = object({ min = number, max = number })
    load_balancer   = bool
    certificate_arn = optional(string)
  })

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.portal.instance_type))
    error_message = "portal.instance_type is a type of EC2, for example t3.medium."
  }
  validation {
    condition     = var.portal.hosts.min >= 1 && var.portal.hosts.max >= var.portal.hosts.min
    error_message = "portal.hosts: `min` is at least 1, and `max` not less."
  }
  validation {
    condition     = var.portal.load_balancer || var.portal.hosts.max == 1
    error_message = "portal.hosts.max is more than 1 without a load balancer: set portal.load_balancer = true."
  }
  validation {
    condition     = !var.portal.load_balancer || can(regex("^arn:aws[a-z-]*:acm:", var.portal.certificate_arn))
    error_message = "portal.certificate_arn is missing: the load balancer needs the portal's certificate in ACM (aws acm import-certificate)."
  }
}

variable "workers" {
  description = "Worker hosts: type and how many; max = 0 where the portal host does the work"
  type = object({
    instance_type = optional(string, "t3.medium")
    hosts         = object({ min = number, max = number })
  })

  validation {
    condition     = var.workers.hosts.min >= 0 && var.workers.hosts.max >= var.workers.hosts.min && (var.workers.hosts.max == 0 || var.workers.hosts.min >= 1)
    error_message = "workers.hosts: both 0, or `min` at least 1 and `max` not less."
  }
}

variable "database" {
  description = "Aurora: capacity units (ACU of 2 GiB), instances, idle seconds until it pauses (null: never), days of backups, and the ARN of a backup vault in another account (null: no copy)"
  type = object({
    min_capacity      = number
    max_capacity      = number
    instances         = number
    pause_seconds     = optional(number)
    backup_days       = optional(number, 35)
    copy_to_vault_arn = optional(string)
  })
}

variable "documents" {
  description = "Days for which issued documents are locked (afterwards they stay until people delete them), and days for which what customers sent is kept"
  type = object({
    retention_days = number
    inbox_days     = number
  })

  validation {
    condition     = var.documents.retention_days >= 1 && var.documents.retention_days <= 4018
    error_message = "documents.retention_days is 1 to 4018 (eleven years): locked documents cannot be deleted earlier by anybody's mistake."
  }
}

variable "schedule" {
  description = "When months fall due: cron expression of EventBridge Scheduler, and its time zone"
  type = object({
    expression = optional(string, "cron(0 6 1-10 * ? *)")
    time_zone  = string
  })
}

variable "log_days" {
  description = "Days for which logs are kept"
  type        = number
  default     = 400

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days is one of CloudWatch's: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "account_guards" {
  description = "Guards of the whole account and region: disks encrypted by default, no public buckets, IMDSv2 by default. False where somebody else sets them"
  type        = bool
  default     = true
}

variable "budget_usd" {
  description = "US dollars a month; mail goes to alarm_emails at 80 and 100 per cent. null: no budget"
  type        = number
  default     = null

  validation {
    condition     = var.budget_usd == null ? true : var.budget_usd > 0
    error_message = "budget_usd is more than 0, or null for no budget."
  }
}

variable "lambdas_directory" {
  description = "Where `./scripts/lambdas build` has put the functions, from the root module's folder"
  type        = string
  default     = "../out/lambdas"
}
