# What is asked of a machine before it becomes an image: the lines of each role that is baked (ansible/roles/ROLE/files/image.checks),
# and those that no role answers for. Roles are those of ansible/playbooks/image.yml; a test compares.
locals {
  roles = {
    portal = ["base", "hardening", "firewall", "database_client", "release", "portal", "worker", "backup", "observability"]
    vpn    = ["base", "hardening", "firewall", "strongswan_gateway", "observability"]
  }

  own_checks = file("${path.root}/files/image.checks")

  checks = {
    for kind, roles in local.roles : kind => base64encode(join("", concat(
      [for role in roles : file("${path.root}/../ansible/roles/${role}/files/image.checks")],
      [local.own_checks]
    )))
  }

  cleaned_checks = base64encode(file("${path.root}/files/cleaned.checks"))
}
