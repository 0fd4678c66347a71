output "cluster_identifier" {
  description = "The cluster's name"
  value       = aws_rds_cluster.this.cluster_identifier
}

output "cluster_arn" {
  description = "The cluster's ARN"
  value       = aws_rds_cluster.this.arn
}

output "endpoint" {
  description = "Host name that leads to the writer"
  value       = aws_rds_cluster.this.endpoint
}

output "port" {
  description = "TCP port"
  value       = aws_rds_cluster.this.port
}

output "database_name" {
  description = "Name of the database in the cluster"
  value       = local.database_name
}

output "roles" {
  description = "Names of the PostgreSQL roles: `app` (the portal), `migration` (owns the tables) and `backup` (reads everything)"
  value       = local.roles
}

output "secrets" {
  description = "ARNs of the secrets: `master` (made and rotated by RDS), `app`, `migration` and `backup` (an address, postgres://role:password@host:port/database?...)"
  value = merge(
    { master = aws_rds_cluster.this.master_user_secret[0].secret_arn },
    { for name, secret in aws_secretsmanager_secret.role : name => secret.arn },
    var.existing_secrets,
  )
}
