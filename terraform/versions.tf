terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }

  # Bucket, key and region come from envs/<name>.s3.tfbackend, which bootstrap/ prints.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Product      = "proforma-appliance"
      Installation = var.name
      ManagedBy    = "terraform"
    }
  }
}
