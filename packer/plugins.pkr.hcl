# Packer 1.7 and later fetch plugins (packer init packer/). Debian's 1.6 has them built in and rejects this block: leave the
# file out there, as tests/packer and ./scripts/rehearse do.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2.0, < 2.0.0"
    }
    ansible = {
      source  = "github.com/hashicorp/ansible"
      version = ">= 1.1.0, < 2.0.0"
    }
  }
}
