variable "region" {
  description = "AWS region, for example eu-central-1"
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-gov)?-[a-z]+-[0-9]$", var.region))
    error_message = "region is the name of an AWS region, for example eu-central-1."
  }
}

variable "name" {
  description = "Name of this installation; begins every name in the account, and is a label of its own in cost reports"
  type        = string
  default     = "proforma"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens and begins with a letter, for example proforma."
  }
}

variable "portal_name" {
  description = "Host name (FQDN) by which staff open the portal"
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", var.portal_name))
    error_message = "portal_name is a full host name in small letters, for example portal.provider.example."
  }
}

variable "vpn_identity" {
  description = "FQDN in the VPN gateway's certificate; public DNS has to lead it to the output service_address"
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", var.vpn_identity))
    error_message = "vpn_identity is a full host name in small letters, for example vpn.provider.example."
  }
}

variable "alarm_emails" {
  description = "E-mail addresses that alarms go to; each has to confirm the message that AWS sends once"
  type        = list(string)

  validation {
    condition     = length(var.alarm_emails) > 0
    error_message = "alarm_emails is empty: an alarm that nobody receives is none. Give at least one address."
  }
  validation {
    condition = alltrue([
      for address in var.alarm_emails : can(regex("^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\\.)+[A-Za-z]{2,}$", address))
    ])
    error_message = "alarm_emails holds what is no e-mail address: ${join(", ", [for a in var.alarm_emails : a if !can(regex("^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\\.)+[A-Za-z]{2,}$", a))])}."
  }
}

variable "customers" {
  description = "Short names of the customers; each is a file <name>.yml in sites_directory"
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.customers : can(regex("^[a-z][a-z0-9-]*$", name))])
    error_message = "customers are short names in small letters, as their site files are called, without .yml."
  }
}

variable "sites_directory" {
  description = "Where the site files are, from the root module's folder"
  type        = string
  default     = "../strongswan/sites"
}

variable "images" {
  description = "AMIs baked by packer/, and the accounts that may own them: `self`, or the account that shares them"
  type = object({
    portal = string
    vpn    = string
    owners = optional(list(string), ["self"])
  })

  validation {
    condition     = alltrue([for id in [var.images.portal, var.images.vpn] : can(regex("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", id))])
    error_message = "images.portal and images.vpn are ids of AMIs, for example ami-0123456789abcdef0; packer's manifest has them."
  }
  validation {
    condition     = alltrue([for owner in var.images.owners : owner == "self" || can(regex("^[0-9]{12}$", owner))])
    error_message = "images.owners are `self` or account numbers of 12 digits."
  }
}

variable "release_principals" {
  description = "ARNs of those who may take the release role: it alone writes signed releases and moves the release pointer"
  type        = list(string)

  validation {
    condition     = length(var.release_principals) > 0
    error_message = "release_principals is empty: nobody could bring a release, not even an administrator. Give the ARN of at least one IAM role or user."
  }
  validation {
    condition     = alltrue([for arn in var.release_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "release_principals are ARNs of IAM roles or users, for example arn:aws:iam::111122223333:role/ci."
  }
}

variable "deletion_protection" {
  description = "AWS refuses to delete the database and keeps buckets that hold something; false only to take an installation down"
  type        = bool
  default     = true
}
