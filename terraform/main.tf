# The installation, from those that need nobody to those that need many. Modules know nothing of each other.
locals {
  zones       = slice(data.aws_availability_zones.here.names, 0, min(var.zones, length(data.aws_availability_zones.here.names)))
  zip         = { for name in ["vault", "intake", "vpn_failover"] : name => "${path.root}/${var.lambdas_directory}/${name}.zip" }
  private_api = length(local.senders) > 0
  alone       = var.workers.hosts.max == 0 # the portal host is the worker too
  arn         = "arn:${data.aws_partition.this.partition}"
  account     = data.aws_caller_identity.this.account_id
  # the bootstrap makes it, and preflight.tf looks for it
  autoscaling_role_arn = "${local.arn}:iam::${local.account}:role${local.autoscaling_path}AWSServiceRoleForAutoScaling_${var.name}"
  autoscaling_path     = "/aws-service-role/autoscaling.amazonaws.com/"
  settings = {
    PROFORMA_DOCUMENTS_BUCKET = module.documents.documents_bucket.name
    PROFORMA_INBOX_BUCKET     = module.documents.inbox_bucket.name
    PROFORMA_BROKER_URL       = "sqs://"
    PROFORMA_BROKER_QUEUE_URL = module.workers.queues.celery.url
    PROFORMA_BROKER_REGION    = var.region
    PROFORMA_EVENTS_QUEUE_URL = module.workers.queues.events.url
    PROFORMA_SCHEDULE_ACTOR   = "scheduler"
    AWS_DEFAULT_REGION        = var.region
  }
}

module "security" {
  source               = "./modules/security"
  name                 = var.name
  log_days             = var.log_days
  alarm_emails         = var.alarm_emails
  account_guards       = var.account_guards
  budget_usd           = var.budget_usd
  deletion_protection  = var.deletion_protection
  autoscaling_role_arn = local.autoscaling_role_arn
  backup_account       = try(split(":", var.database.copy_to_vault_arn)[4], null)
}

module "network" {
  source         = "./modules/network"
  name           = var.name
  vpc_cidr       = var.vpc_cidr
  zones          = local.zones
  endpoint_zones = var.endpoint_zones
  endpoints      = var.endpoints
  private_api    = local.private_api
  nat            = var.nat
  egress         = var.egress
  customers      = local.customers
  staff_pool     = var.staff_pool
  load_balancer  = var.portal.load_balancer
  log_bucket     = module.security.log_bucket
  kms_key_arn    = module.security.kms_keys.data
}

module "vpn" {
  source            = "./modules/vpn"
  name              = var.name
  image_id          = var.images.vpn
  instance_type     = var.vpn.instance_type
  standby           = var.vpn.standby
  subnet_ids        = module.network.public_subnet_ids
  security_group_id = module.network.security_groups.vpn
  route_table_ids   = module.network.route_table_ids
  routes = merge({ staff = var.staff_pool }, merge([
    for name, one in local.customers : { for network in one.networks : "${name} ${network}" => network }
  ]...))
  tunnels         = length(local.customers)
  secret_arns     = [for name in values(local.pre_shared_keys) : "${local.arn}:secretsmanager:${var.region}:${local.account}:secret:${name}-??????"]
  kms_key_arn     = module.security.kms_keys.data
  log_kms_key_arn = module.security.kms_keys.logs
  alarm_topic_arn = module.security.alarm_topic_arn
  failover_zip    = local.zip.vpn_failover
  log_days        = var.log_days
}

module "database" {
  source              = "./modules/database"
  name                = var.name
  subnet_ids          = module.network.database_subnet_ids
  security_group_id   = module.network.security_groups.database
  kms_key_arn         = module.security.kms_keys.data
  min_capacity        = var.database.min_capacity
  max_capacity        = var.database.max_capacity
  instances           = var.database.instances
  pause_seconds       = var.database.pause_seconds
  backup_days         = var.database.backup_days
  copy_to_vault_arn   = var.database.copy_to_vault_arn
  log_days            = var.log_days
  log_kms_key_arn     = module.security.kms_keys.logs
  deletion_protection = var.deletion_protection
}

module "documents" {
  source              = "./modules/documents"
  name                = var.name
  kms_keys            = { data = module.security.kms_keys.data, documents = module.security.kms_keys.documents }
  log_bucket          = module.security.log_bucket
  retention_days      = var.documents.retention_days
  inbox_days          = var.documents.inbox_days
  vault_zip           = local.zip.vault
  log_days            = var.log_days
  log_kms_key_arn     = module.security.kms_keys.logs
  alarm_topic_arn     = module.security.alarm_topic_arn
  release_principals  = var.release_principals
  deletion_protection = var.deletion_protection
}

module "workers" {
  source                = "./modules/workers"
  name                  = var.name
  image_id              = var.images.portal
  instance_type         = var.workers.instance_type
  hosts                 = var.workers.hosts
  subnet_ids            = module.network.hosts_subnet_ids
  security_group_id     = module.network.security_groups.worker
  kms_key_arn           = module.security.kms_keys.data
  documents_kms_key_arn = module.security.kms_keys.documents
  documents_bucket      = module.documents.documents_bucket
  inbox_bucket          = module.documents.inbox_bucket
  artifacts_bucket      = module.documents.artifacts_bucket
  database_secret_arns  = [module.database.secrets.app]
  portal_secret_arns    = values(module.portal.secrets)
  release_parameter_arn = module.portal.release_parameter.arn
  autoscaling_role_arn  = local.autoscaling_role_arn
}

module "portal" {
  source        = "./modules/portal"
  name          = var.name
  image_id      = var.images.portal
  instance_type = var.portal.instance_type
  kinds         = local.alone ? ["portal", "worker"] : ["portal"]
  hosts         = var.portal.hosts
  load_balancer = var.portal.load_balancer ? {
    subnet_ids        = module.network.hosts_subnet_ids
    security_group_id = module.network.security_groups.balancer
    certificate_arn   = var.portal.certificate_arn
  } : null
  subnet_ids            = module.network.hosts_subnet_ids
  security_group_ids    = concat([module.network.security_groups.portal], local.alone ? [module.network.security_groups.worker] : [])
  fixed_address         = var.portal.load_balancer ? null : cidrhost(module.network.hosts_subnet_cidrs[0], 10)
  fqdn                  = var.portal_name
  kms_key_arn           = module.security.kms_keys.data
  documents_kms_key_arn = module.security.kms_keys.documents
  documents_bucket      = module.documents.documents_bucket
  artifacts_bucket      = module.documents.artifacts_bucket
  autoscaling_role_arn  = local.autoscaling_role_arn
  database_secret_arns  = { for role in ["app", "migration", "backup"] : role => module.database.secrets[role] }
  extra_policy_arns     = local.alone ? { worker = module.workers.policy_arn } : { wake = module.workers.wake_policy_arn }
}

module "intake" {
  source          = "./modules/intake"
  count           = local.private_api ? 1 : 0
  name            = var.name
  endpoint_id     = module.network.private_api.endpoint_id
  customers       = local.senders
  zip             = local.zip.intake
  inbox_bucket    = module.documents.inbox_bucket
  events_queue    = { url = module.workers.queues.events.url, arn = module.workers.queues.events.arn }
  kms_key_arns    = [module.security.kms_keys.data]
  secrets_prefix  = "${var.name}/intake/"
  log_days        = var.log_days
  log_kms_key_arn = module.security.kms_keys.logs
}

module "schedule" {
  source           = "./modules/schedule"
  name             = var.name
  events_queue_arn = module.workers.queues.events.arn
  kms_key_arn      = module.security.kms_keys.data
  time_zone        = var.schedule.time_zone
  expression       = var.schedule.expression
}

module "observability" {
  source                      = "./modules/observability"
  name                        = var.name
  alarm_topic_arn             = module.security.alarm_topic_arn
  log_days                    = var.log_days
  log_kms_key_arn             = module.security.kms_keys.logs
  queues                      = { for label, queue in module.workers.queues : label => queue.name }
  dead_letter_queues          = merge({ for label, queue in module.workers.queues : label => queue.dead_letter_name }, { vault = module.documents.vault.dead_letter_queue_name })
  functions                   = merge({ vault = module.documents.vault.function_name }, local.private_api ? { intake = module.intake[0].function_name } : {}, var.vpn.standby ? { vpn_failover = module.vpn.failover.function_name } : {})
  database_cluster_identifier = module.database.cluster_identifier
  vpn_instance_ids            = { for label, host in module.vpn.hosts : label => host.instance_id }
  customers                   = keys(local.customers)
  group_names                 = merge({ portal = module.portal.group_name }, local.alone ? {} : { worker = module.workers.group_name })
  load_balancer               = module.portal.load_balancer
}
