mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

variables {
  name           = "proforma"
  vpc_cidr       = "10.40.0.0/16"
  zones          = ["eu-central-1a", "eu-central-1b"]
  endpoint_zones = 1
  endpoints      = ["sqs", "ssm"]
  private_api    = true
  nat            = false
  egress         = []
  staff_pool     = "10.60.0.0/24"
  load_balancer  = false
  log_bucket     = { name = "proforma-logs", arn = "arn:aws:s3:::proforma-logs" }
  kms_key_arn    = "arn:aws:kms:eu-central-1:111122223333:key/1"
  customers = {
    example-a = {
      networks = ["10.20.30.0/24"]
      passes = [
        { purpose = "tickets", direction = "out", ours = "worker", theirs = "10.20.30.40/32", protocol = "tcp", ports = [443, 8443] },
        { purpose = "acknowledgements", direction = "in", ours = "intake", theirs = "10.20.30.41/32", protocol = "tcp", ports = [443] },
      ]
    }
  }
}

run "only_ike_is_open_to_the_world" {
  command = plan

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.ike : "${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset(["udp 500-500", "udp 4500-4500"])
    error_message = "UDP 500 and 4500, and nothing else, come from the internet."
  }
  assert {
    condition = alltrue([
      for rule in concat(values(aws_vpc_security_group_ingress_rule.customer), values(aws_vpc_security_group_ingress_rule.forwarded), [aws_vpc_security_group_ingress_rule.staff]) :
      !endswith(rule.cidr_ipv4, "/0")
    ])
    error_message = "A rule for customers, staff or our hosts is open to the world."
  }
}

run "without_nat_there_is_no_way_out" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.egress) == 0
    error_message = "There is a way to the internet that nobody asked for."
  }
}

run "each_pass_opens_its_ports_and_no_others" {
  command = plan

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.customer : "${rule.cidr_ipv4} ${rule.from_port}"]) == toset(["10.20.30.40/32 443", "10.20.30.40/32 8443"])
    error_message = "Workers reach what the site file passes, and nothing else."
  }
}

run "customers_see_one_network_in_all_zones" {
  command = plan

  assert {
    condition     = output.hosts_cidr == "10.40.10.0/24" && output.hosts_subnet_cidrs == ["10.40.10.0/26", "10.40.10.64/26"]
    error_message = "Hosts of all zones are in one /24."
  }
  assert {
    condition     = output.private_api.addresses == ["10.40.10.30"]
    error_message = "The private API's address is fixed."
  }
  assert {
    condition     = aws_ec2_subnet_cidr_reservation.fixed["eu-central-1a portal"].cidr_block == "10.40.10.8/29" && aws_ec2_subnet_cidr_reservation.fixed["eu-central-1b private API"].cidr_block == "10.40.10.80/28"
    error_message = "Somebody else could be given the portal's address (10) or the private API's (30)."
  }
}

run "the_allow_list_opens_routes_and_groups_for_what_it_names" {
  command = plan

  variables {
    nat    = true
    egress = [{ purpose = "tickets in the cloud", from = "worker", cidr = "192.0.2.128/25", port = 443 }]
  }

  assert {
    condition     = toset([for route in aws_route.egress : route.destination_cidr_block]) == toset(["192.0.2.128/25"])
    error_message = "Routes lead to the allow-list alone."
  }
}

run "files_of_playbooks_reach_every_host_and_stay_nowhere" {
  command = plan

  override_resource {
    target          = aws_route_table.public
    override_during = plan
    values          = { id = "rtb-public" }
  }
  override_resource {
    target          = aws_route_table.hosts
    override_during = plan
    values          = { id = "rtb-hosts" }
  }

  assert {
    condition     = aws_vpc_endpoint.s3.route_table_ids == toset(["rtb-public", "rtb-hosts"])
    error_message = "A standby has no public address: without S3's endpoint in its route table no playbook reaches it."
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.s3) == ["portal", "vpn", "worker"]
    error_message = "A kind of host may not ask S3."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.transfer.rule[0].expiration[0].days == 1
    error_message = "Arguments of modules, secrets among them, stay in the transfer bucket."
  }
}

run "one_zone_is_too_few" {
  command = plan

  variables {
    zones = ["eu-central-1a"]
  }

  expect_failures = [var.zones]
}

run "an_allow_list_of_everything_is_refused" {
  command = plan

  variables {
    egress = [{ purpose = "everything", from = "worker", cidr = "0.0.0.0/0", port = 443 }]
  }

  expect_failures = [var.egress]
}
