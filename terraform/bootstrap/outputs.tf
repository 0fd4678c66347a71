output "images_key" {
  description = "Key of images, for `packer build -var kms_key=`"
  value       = aws_kms_alias.images.name
}

output "backend" {
  description = "Content of envs/<name>.s3.tfbackend, for `terraform init -backend-config`"
  value       = <<-EOT
    bucket     = "${aws_s3_bucket.state.id}"
    key        = "${var.name}/terraform.tfstate"
    region     = "${var.region}"
    kms_key_id = "${aws_kms_key.state.arn}"
  EOT
}
