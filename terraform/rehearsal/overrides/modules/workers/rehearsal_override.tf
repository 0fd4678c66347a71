# moto gives the redrive policy back with other blanks; the difference would hide those of everything that names a queue
resource "aws_sqs_queue" "this" {
  lifecycle {
    ignore_changes = [redrive_policy]
  }
}
