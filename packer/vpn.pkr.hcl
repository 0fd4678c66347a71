# VPN hosts.
source "amazon-ebs" "vpn" {
  region        = var.region
  instance_type = var.instance_type
  subnet_id     = var.subnet_id
  ami_name      = "proforma-vpn-${var.version}-${local.made}"

  ami_description = "Proforma vpn host ${var.version} on Debian 13"
  ami_users       = var.share_with

  custom_endpoint_ec2         = var.endpoint
  skip_credential_validation  = var.endpoint != ""
  skip_metadata_api_check     = var.endpoint != ""
  skip_region_validation      = var.endpoint != ""
  ssh_host                    = var.ssh.host
  ssh_username                = var.ssh.user
  ssh_private_key_file        = var.ssh.key
  ssh_keypair_name            = var.ssh.keypair
  ssh_clear_authorized_keys   = true
  associate_public_ip_address = var.public_address

  source_ami_filter {
    owners      = [var.source_owner]
    most_recent = true

    filters = {
      name                = var.source_image
      architecture        = "x86_64"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
  }

  encrypt_boot = true
  kms_key_id   = var.kms_key

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = 20
    iops                  = 3000 # the least, without charge
    throughput            = 125
    delete_on_termination = true
    encrypted             = true
    kms_key_id            = var.kms_key
  }

  tags = {
    Name     = "proforma-vpn"
    Version  = var.version
    Commit   = var.commit
    Source   = "{{ .SourceAMIName }}"
    SourceId = "{{ .SourceAMI }}"
  }

  run_tags = {
    Name = "proforma-bake-vpn"
  }
}

build {
  sources = ["source.amazon-ebs.vpn"]

  provisioner "ansible" {
    playbook_file   = "${path.root}/../ansible/playbooks/image.yml"
    groups          = ["vpn"]
    user            = var.ssh.user
    extra_arguments = ["--tags", "bake", "--extra-vars", jsonencode({ base_local_packages = var.local_packages })]
    use_proxy       = false # Packer's own way in speaks SHA-1, which OpenSSH refuses

    ansible_env_vars = [
      "ANSIBLE_CONFIG=${path.root}/../ansible/ansible.cfg",
      "ANSIBLE_HOST_KEY_CHECKING=False", # the machine was made a minute ago, and nobody knows its key
    ]
  }

  # An image that fails here is never made.
  provisioner "shell" {
    script           = "${path.root}/files/check.sh"
    environment_vars = ["CHECKS=${local.checks.vpn}"]
    execute_command  = "sudo env {{ .Vars }} sh {{ .Path }}"
  }

  provisioner "shell" {
    script          = "${path.root}/files/sbom.py"
    execute_command = "sudo env {{ .Vars }} python3 {{ .Path }} proforma-vpn ${var.version} ${var.commit} ${local.bill}"
  }

  provisioner "file" {
    direction   = "download"
    source      = local.bill
    destination = "${var.out}/proforma-vpn-${var.version}.cdx.json"
  }

  # Afterwards nobody gets in any more but by what the next boot makes.
  provisioner "shell" {
    script          = "${path.root}/files/clean.sh"
    execute_command = "sudo env {{ .Vars }} sh {{ .Path }}"
    skip_clean      = true # its own file went with /tmp
  }

  provisioner "shell" {
    script           = "${path.root}/files/check.sh"
    environment_vars = ["CHECKS=${local.cleaned_checks}"]
    execute_command  = "sudo env {{ .Vars }} sh {{ .Path }}"
  }

  post-processor "manifest" {
    output     = "${var.out}/manifest.json"
    strip_path = true

    custom_data = {
      kind    = "vpn"
      version = var.version
      commit  = var.commit
      sbom    = "proforma-vpn-${var.version}.cdx.json"
    }
  }
}
