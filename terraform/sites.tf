# Customers come from their site files and from nowhere else. What Terraform needs of them is taken here; what is wrong
# with them is said by preflight.tf. The whole check is `python -m strongswan.render check`.
locals {
  sites = {
    for name in var.customers : name => try(yamldecode(file("${path.root}/${var.sites_directory}/${name}.yml")), null)
  }

  # Sentences; a site without any is good enough for what is made of it here.
  site_findings = {
    for name, site in local.sites : name => site == null ? ["There is no such file in ${var.sites_directory}, or it is no YAML."] : compact([
      try(site.customer, "") == name ? "" : "`customer` is not ${name}, as the file is called.",
      try(length(site.networks.theirs) * length(site.networks.ours), 0) > 0 ? "" : "`networks.theirs` or `networks.ours` is missing.",
      try(alltrue([for n in concat(site.networks.theirs, site.networks.ours) : can(cidrnetmask(n))]), true) ? "" : "`networks`: one is no network of IPv4, for example 10.20.30.0/24.",
      try(length(site.passes), 0) > 0 ? "" : "`passes` is missing.",
      try(alltrue([for p in site.passes : can(cidrnetmask(p.theirs))]), true) ? "" : "`passes`: a `theirs` is missing or no network of IPv4.",
      try(alltrue([for p in site.passes : contains(["portal", "worker", "intake"], p.ours)]), false) ? "" : "`passes`: `ours` is none of portal, worker, intake.",
      try(alltrue([for p in site.passes : contains(["in", "out"], p.direction) && length(p.purpose) > 0]), false) ? "" : "`passes`: one lacks `purpose`, or its `direction` is neither in nor out.",
      try(alltrue([for p in site.passes : contains(["tcp", "udp", "icmp"], try(p.protocol, "tcp"))]), true) ? "" : "`passes`: a `protocol` is none of tcp, udp, icmp.",
      try(alltrue(flatten([for p in site.passes : [for port in try(p.ports, []) : port >= 1 && port <= 65535]])), false) ? "" : "`passes`: a port is not 1 to 65535.",
      try(alltrue([for e in site.endpoints : contains(["tunnel", "proxy", "egress"], e.reached)]), false) ? "" : "`endpoints` is missing, or `reached` is none of tunnel, proxy, egress.",
      try(site.gateway.address == "any" || can(cidrnetmask("${site.gateway.address}/32")), false) ? "" : "`gateway.address` is neither an address of IPv4 nor `any`.",
      contains(["certificate", "psk"], try(site.authentication.method, "")) ? "" : "`authentication.method` is neither certificate nor psk.",
      try(site.authentication.method, "") != "psk" || can(length(site.authentication.secret)) ? "" : "`authentication.secret` is missing: the name of the pre-shared key.",
    ])
  }

  customers = {
    for name, site in local.sites : name => {
      networks = [for network in site.networks.theirs : network]
      ours     = [for network in site.networks.ours : network]
      nat      = try(site.source_nat, null)
      psk      = try(site.authentication.secret, null)
      egress   = [for endpoint in site.endpoints : endpoint.name if endpoint.reached == "egress"]
      passes = [for pass in site.passes : {
        purpose   = pass.purpose
        direction = pass.direction
        ours      = pass.ours
        theirs    = pass.theirs
        protocol  = try(pass.protocol, "tcp")
        ports     = try([for port in pass.ports : tonumber(port)], [])
      }]
    } if length(local.site_findings[name]) == 0
  }

  # Keys that people make before the first plan, because the customer has the other half.
  pre_shared_keys = { for name, one in local.customers : name => "${var.name}/${one.psk}" if one.psk != null }

  # Who sends to the private API, and from where.
  senders = {
    for name, one in local.customers : name => distinct([for pass in one.passes : pass.theirs if pass.direction == "in" && pass.ours == "intake"])
    if anytrue([for pass in one.passes : pass.direction == "in" && pass.ours == "intake"])
  }

  # Every network that must be reached by one way only. Ours first; labels stand in messages.
  networks = concat(
    [{ label = "vpc_cidr", cidr = var.vpc_cidr }, { label = "staff_pool", cidr = var.staff_pool }],
    flatten([for name in sort(keys(local.customers)) : [
      for network in local.customers[name].networks : { label = "customer ${name}", cidr = network }
    ]]),
  )

  # Two networks overlap when both begin alike as far as the wider one goes.
  overlaps = flatten([
    for i, one in local.networks : [
      for other in slice(local.networks, i + 1, length(local.networks)) : "${one.label} ${one.cidr} and ${other.label} ${other.cidr}"
      if try(
        cidrhost("${split("/", one.cidr)[0]}/${min(split("/", one.cidr)[1], split("/", other.cidr)[1])}", 0)
        == cidrhost("${split("/", other.cidr)[0]}/${min(split("/", one.cidr)[1], split("/", other.cidr)[1])}", 0),
        false
      )
    ]
  ])
}
