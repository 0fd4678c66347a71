variable "name" {
  description = "Name of the installation; begins every name"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens."
  }
}

variable "subnet_ids" {
  description = "Subnets in at least two zones"
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids are of at least two zones: Aurora refuses fewer."
  }
}

variable "security_group_id" {
  description = "Security group of the database"
  type        = string

  validation {
    condition     = length(var.security_group_id) > 0
    error_message = "security_group_id is empty."
  }
}

variable "kms_key_arn" {
  description = "Key of storage, secrets and backups"
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:")
    error_message = "kms_key_arn is the ARN of a key."
  }
}

variable "engine_version" {
  description = "Version of Aurora PostgreSQL; minor versions are taken in the maintenance window"
  type        = string
  default     = "17.5"

  validation {
    condition     = can(regex("^1[67]\\.[0-9]+$", var.engine_version))
    error_message = "engine_version is 16.x or 17.x, which the portal is tested on."
  }
}

variable "min_capacity" {
  description = "Fewest capacity units (ACU, 2 GiB of memory each); 0: it pauses when idle, with pause_seconds"
  type        = number

  validation {
    condition     = var.min_capacity >= 0 && var.min_capacity <= 128 && floor(var.min_capacity * 2) == var.min_capacity * 2
    error_message = "min_capacity is 0 to 128 in steps of 0.5."
  }
}

variable "max_capacity" {
  description = "Most capacity units"
  type        = number

  validation {
    condition     = var.max_capacity >= 1 && var.max_capacity <= 128 && var.max_capacity >= var.min_capacity && floor(var.max_capacity * 2) == var.max_capacity * 2
    error_message = "max_capacity is 1 to 128 in steps of 0.5, and not less than min_capacity."
  }
}

variable "pause_seconds" {
  description = "Idle seconds until the database pauses, only with min_capacity = 0; null: never"
  type        = number

  validation {
    condition     = var.pause_seconds == null ? var.min_capacity > 0 : var.min_capacity == 0 && var.pause_seconds >= 300 && var.pause_seconds <= 86400
    error_message = "pause_seconds is 300 to 86400 with min_capacity = 0, and null otherwise."
  }
}

variable "instances" {
  description = "Instances; the second takes over when the first is lost"
  type        = number

  validation {
    condition     = var.instances >= 1 && var.instances <= 3
    error_message = "instances is 1, 2 or 3."
  }
}

variable "backup_days" {
  description = "Days back to which the database can be restored, to the second"
  type        = number

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "backup_days is 7 to 35."
  }
}

variable "copy_to_vault_arn" {
  description = "Backup vault of another account that receives a copy each day; null: none"
  type        = string

  validation {
    condition     = var.copy_to_vault_arn == null ? true : can(regex("^arn:aws[a-z-]*:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:.+$", var.copy_to_vault_arn))
    error_message = "copy_to_vault_arn is the ARN of a backup vault, or null."
  }
}

variable "log_days" {
  description = "Days for which the database's log is kept"
  type        = number
}

variable "log_kms_key_arn" {
  description = "Key of logs"
  type        = string

  validation {
    condition     = startswith(var.log_kms_key_arn, "arn:")
    error_message = "log_kms_key_arn is the ARN of a key."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the cluster"
  type        = bool
}

variable "existing_secrets" {
  description = "ARNs of secrets that somebody else keeps, by `app`, `migration` and `backup`; they are not made here then"
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.existing_secrets), ["app", "migration", "backup"])) == 0
    error_message = "existing_secrets has the keys app, migration and backup."
  }
}
