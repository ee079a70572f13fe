package vswitch

import (
	"slices"

	"github.com/vishvananda/netlink"
)

// KernelDatapath tells whether the running kernel has Open vSwitch: whether
// it knows the generic netlink family by which ovs-vswitchd would drive it.
func KernelDatapath() bool {
	_, err := netlink.GenlFamilyGet("ovs_datapath")
	return err == nil
}

// DatapathType chooses the datapath type of a bridge that is to be created
// where nobody asked for one: the kernel's where both the kernel and the
// switch have it. types is Open_vSwitch.datapath_types, empty until
// ovs-vswitchd has run.
func DatapathType(types []string, kernel bool) string {
	if kernel && (len(types) == 0 || slices.Contains(types, "system")) {
		return "system"
	}
	return "netdev"
}
