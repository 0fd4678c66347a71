# moto cannot detach the primary interface of an instance on destroy: here the instance has one of its own, and the
# interface of the VPN is the second (rehearsal.tf).
resource "aws_instance" "host" {
  subnet_id = var.subnet_ids[each.value]

  dynamic "network_interface" {
    for_each = []

    content {
      device_index         = 0
      network_interface_id = ""
    }
  }
}
