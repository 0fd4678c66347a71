variable "name" {
  description = "Name of the installation, first part of every name"
  type        = string
}

variable "image_id" {
  description = "AMI of portal and worker hosts, baked by packer/"
  type        = string

  validation {
    condition     = can(regex("^ami-[0-9a-f]{8,17}$", var.image_id))
    error_message = "An image is named ami- and 8 to 17 hexadecimal digits, as packer's manifest states it."
  }
}

variable "instance_type" {
  description = "Type of a worker host"
  type        = string
}

variable "hosts" {
  description = "Fewest and most worker hosts; most 0: none, the portal host does the work"
  type        = object({ min = number, max = number })

  validation {
    condition     = var.hosts.min >= 0 && var.hosts.min <= var.hosts.max
    error_message = "hosts.min must be between 0 and hosts.max."
  }
}

variable "messages_per_host" {
  description = "Waiting messages for each host above which another one is started"
  type        = number
  default     = 20

  validation {
    condition     = var.messages_per_host >= 1
    error_message = "At least one message for each host."
  }
}

variable "subnet_ids" {
  description = "Private subnets of hosts, one for each zone"
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of worker hosts"
  type        = string
}

variable "kms_key_arn" {
  description = "Key of queues, volumes, secrets, inbox and artifacts"
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a KMS key; aliases and ids do not do, because policies name it."
  }
}

variable "documents_kms_key_arn" {
  description = "Key of documents"
  type        = string
}

variable "documents_bucket" {
  description = "Bucket of documents"
  type        = object({ name = string, arn = string })
}

variable "inbox_bucket" {
  description = "Bucket of what customers sent"
  type        = object({ name = string, arn = string })
}

variable "artifacts_bucket" {
  description = "Bucket of signed releases"
  type        = object({ name = string, arn = string })
}

variable "database_secret_arns" {
  description = "Secrets of the database that a worker reads: the application's role, not the owner's"
  type        = list(string)

  validation {
    condition     = length(var.database_secret_arns) > 0
    error_message = "A worker needs the secret of the application's database role."
  }
}

variable "portal_secret_arns" {
  description = "Secrets of the portal that a worker reads too"
  type        = list(string)
}

variable "release_parameter_arn" {
  description = "SSM parameter that names the current release"
  type        = string
}

variable "autoscaling_role_arn" {
  description = "Role by which the group starts hosts; the bootstrap makes it"
  type        = string

  validation {
    condition     = can(regex(":role/aws-service-role/autoscaling\\.amazonaws\\.com/", var.autoscaling_role_arn))
    error_message = "autoscaling_role_arn is the ARN of a service-linked role of Auto Scaling."
  }
}
