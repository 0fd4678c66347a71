output "service_address" {
  description = "The one public address, for public DNS under vpn_identity and for every customer's gateway"
  value       = module.vpn.service_address
}

output "egress_address" {
  description = "Address from which hosts reach the internet, for customers' allow-lists; null without NAT"
  value       = module.network.egress_address
}

output "portal" {
  description = "The portal's name, and what it leads to: the load balancer's name, or the host's address"
  value       = { name = var.portal_name, address = module.portal.address }
}

output "private_api" {
  description = "Address of the private API and the fixed addresses of its endpoint; null where no customer sends"
  value       = local.private_api ? { url = module.intake[0].url, addresses = module.network.private_api.addresses } : null
}

output "sender_secrets" {
  description = "Customer -> name of the secret by which its systems prove themselves to the private API; people put the value there (docs/deploy.md)"
  value       = local.private_api ? module.intake[0].sender_secrets : {}
}

output "gateways" {
  description = "For each VPN host the keys of strongswan's gateway file (docs/sites.md) that Terraform knows; the inventory adds certificates and interfaces"
  value = {
    for label, host in module.vpn.hosts : label => {
      identity        = var.vpn_identity
      service_address = module.vpn.service_address
      egress_address  = module.network.egress_address
      private         = { address = host.address, tunnel_addresses = module.network.tunnel_addresses }
      networks        = [var.vpc_cidr]
      hosts = {
        portal = var.portal.load_balancer ? module.network.hosts_cidr : "${cidrhost(module.network.hosts_cidr, 10)}/32"
        worker = module.network.hosts_cidr
        intake = local.private_api && var.endpoint_zones == 1 ? "${module.network.private_api.addresses[0]}/32" : module.network.hosts_cidr
      }
      staff = { name = var.portal_name, pool = var.staff_pool }
      pair = var.vpn.standby ? {
        name              = label
        preferred         = label == "a"
        driver            = "ec2"
        region            = var.region
        allocation        = module.vpn.allocation_id
        network_interface = host.interface_id
        route_tables      = module.network.route_table_ids
        record            = module.vpn.record
      } : null
    }
  }
}

output "vpn_hosts" {
  description = "Instances, interfaces and private addresses of the VPN hosts"
  value       = module.vpn.hosts
}

output "database" {
  description = "Where the database answers, its roles, and the ARNs of their secrets"
  value = {
    endpoint = module.database.endpoint
    port     = module.database.port
    name     = module.database.database_name
    roles    = module.database.roles
    secrets  = module.database.secrets
  }
}

output "buckets" {
  description = "Names of the buckets"
  value = {
    documents = module.documents.documents_bucket.name
    inbox     = module.documents.inbox_bucket.name
    artifacts = module.documents.artifacts_bucket.name
    register  = module.documents.register_bucket.name
    logs      = module.security.log_bucket.name
    transfer  = module.network.transfer_bucket
  }
}

output "queues" {
  description = "Queues `celery` and `events`, with their dead letters"
  value       = module.workers.queues
}

output "release" {
  description = "Who brings releases, and the parameter that names the current one"
  value       = { role_arn = module.documents.release_role_arn, parameter = module.portal.release_parameter.name }
}

output "hosts" {
  description = "What the inventory of EC2 tells hosts: settings, secrets by name, where releases and logs are"
  value = {
    region   = var.region
    settings = { for name, value in local.settings : trimprefix(name, "PROFORMA_") => value if startswith(name, "PROFORMA_") }
    secrets  = merge({ database_url = module.database.secrets.app }, module.portal.secrets)
    # of the one host that migrates and backs up
    migrating_secrets = { migration_database_url = module.database.secrets.migration, backup_database_url = module.database.secrets.backup }
    pointer           = module.portal.release_parameter.name
    artifacts         = module.documents.artifacts_bucket.name
    # by the groups of the inventory a host is in
    configurations = merge(
      { (local.alone ? "portal-worker" : "portal") = module.portal.configuration_secret_arn },
      local.alone ? {} : { worker = module.workers.configuration_secret_arn },
    )
    log_groups = module.observability.log_groups
    # a load balancer asks from them for /health, and says which address a visitor has
    balancer_networks = var.portal.load_balancer ? module.network.hosts_subnet_cidrs : []
  }
}
