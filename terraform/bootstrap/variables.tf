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
