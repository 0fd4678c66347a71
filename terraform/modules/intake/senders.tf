# A secret for each customer: who may send, and how it proves itself. People put the value there (docs/deploy.md), because
# the customer has the other half; here stands only the empty place, its key and its guard.

resource "aws_secretsmanager_secret" "sender" {
  #checkov:skip=CKV2_AWS_57:the customer has the other half: both are changed by people, together (docs/deploy.md)
  for_each = var.customers

  name                    = "${var.secrets_prefix}${each.key}"
  description             = "How ${each.key} proves itself to the intake; described in app/lambdas/intake/README.md"
  kms_key_id              = var.kms_key_arns[0]
  recovery_window_in_days = 0 # the customer has the other half; a kept name would refuse a customer who comes back
}
