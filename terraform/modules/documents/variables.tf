variable "name" {
  description = "Name of the installation, first part of every name"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name needs 3 to 20 lower-case letters, digits and hyphens, beginning with a letter: bucket names are made of it."
  }
}

variable "kms_keys" {
  description = "Keys: `data` for inbox and artifacts, `documents` for documents and their register"
  type        = object({ data = string, documents = string })

  validation {
    condition     = alltrue([for arn in values(var.kms_keys) : can(regex("^arn:[^:]+:kms:", arn))])
    error_message = "Each of kms_keys is the ARN of a KMS key; aliases and ids do not do, because policies name them."
  }
}

variable "log_bucket" {
  description = "Where accesses are logged"
  type        = object({ name = string, arn = string })
}

variable "retention_days" {
  description = "Days for which issued documents are locked. Afterwards they stay: to delete what was issued is a decision of people, and no rule's"
  type        = number

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "The retention is a whole number of days from 1 to 36500, for example 3650 for ten years."
  }
}

variable "inbox_days" {
  description = "Days for which what customers sent is kept as it came; the portal has its own record"
  type        = number

  validation {
    condition     = var.inbox_days >= 15 && floor(var.inbox_days) == var.inbox_days
    error_message = "Bodies are kept for 15 whole days at least: a message may wait for 14 in the dead-letter queue, and needs its body then."
  }
}

variable "vault_zip" {
  description = "Path of vault.zip, built by `./scripts/lambdas build`"
  type        = string

  validation {
    condition     = fileexists(var.vault_zip)
    error_message = "There is no such file. Build it with: ./scripts/lambdas build"
  }
}

variable "log_days" {
  description = "Days for which the function's log is kept"
  type        = number
}

variable "log_kms_key_arn" {
  description = "Key of log groups"
  type        = string
}

variable "alarm_topic_arn" {
  description = "Where people are told of a document that is not what it was"
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sns:", var.alarm_topic_arn))
    error_message = "alarm_topic_arn is the ARN of an SNS topic."
  }
}

variable "release_principals" {
  description = "ARNs of who may take the role that brings releases; with none nobody can bring any"
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.release_principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/", arn))])
    error_message = "Each of release_principals is the ARN of one IAM role or user: no wildcard, and no whole account."
  }
}

variable "deletion_protection" {
  description = "Whether buckets refuse to be destroyed while anything is in them"
  type        = bool
}
