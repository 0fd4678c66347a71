variable "region" {
  description = "AWS region of the state, for example eu-central-1"
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-gov)?-[a-z]+-[0-9]$", var.region))
    error_message = "region is the name of an AWS region, for example eu-central-1."
  }
}

variable "name" {
  description = "Name of the installation, the same as the root module's"
  type        = string
  default     = "proforma"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens and begins with a letter, for example proforma."
  }
}

variable "api_gateway_logs" {
  description = "Whether API Gateway of this account and region is given a role to write logs by; false where one is set already, which would be replaced"
  type        = bool
  default     = true
}

variable "share_images_with" {
  description = "Numbers of the accounts that may start hosts from the images made here (packer's share_with)"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for one in var.share_images_with : can(regex("^[0-9]{12}$", one))])
    error_message = "share_images_with are numbers of AWS accounts, of 12 digits each."
  }
}
