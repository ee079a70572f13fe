package conntrack

import (
	"context"
	"errors"
	"fmt"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Flush is which connections end.
type Flush struct {
	RunDir   string // of ovs-vswitchd
	Target   string // of the bridge: "unix:PATH"
	Datapath string // the bridge's datapath_type; "": the kernel's
	Of       map[End]bool
	Zones    map[uint16]bool // of this chassis
}

// End is what connections end with: an ACL with option persist-established, that let
// them in, in all zones of this chassis; or, where ACL is 0, the Ethernet address of a
// next hop that they came from, in one zone.
type End struct {
	ACL  uint16 // ct_label.acl_id
	Zone uint16
	MAC  [6]byte // ct_label.ecmp_reply_eth
}

// match is the end in the words of dpctl/flush-conntrack.
func (e End) match() []string {
	if e.ACL != 0 {
		return []string{fmt.Sprintf("mark=%#x/%#x", allowEstablished, allowEstablished), fmt.Sprintf("labels=0x%04x%020x/0xffff%020x", e.ACL, 0, 0)}
	}
	return []string{fmt.Sprintf("zone=%d", e.Zone), fmt.Sprintf("labels=0x%x%08x/0xffffffffffff%08x", e.MAC, 0, 0)}
}

// ends tells whether a connection is one that ends.
func (f *Flush) ends(e entry) bool {
	if e.mark&allowEstablished != 0 && e.label.acl() != 0 && f.Of[End{ACL: e.label.acl()}] && f.Zones[e.zone] {
		return true
	}
	return f.Of[End{Zone: e.zone, MAC: e.label.replyEth()}]
}

// batch is the largest number of connections that are looked for at once.
const batch = 1 << 14

// Do ends the connections. A switch that finds them by label itself (Open vSwitch
// of 2024 and later) is told the labels. Others are asked for all connections: that is
// a walk through all that there are, in a thread of ovs-vswitchd that serves
// others too, so it is done once for any number of ends. It returns how many
// connections were found so.
func (f *Flush) Do(ctx context.Context) (n int, err error) {
	control, err := socket(f.RunDir)
	if err != nil {
		return 0, fmt.Errorf("conntrack: %w", err)
	}
	if err := f.byLabel(ctx, control); err == nil {
		return 0, nil
	} else if no := refused(""); !errors.As(err, &no) {
		return 0, err
	}
	for {
		found, err := f.find(ctx, control)
		if err != nil {
			return n, err
		}
		if len(found) > 0 {
			if err := ofctrl.FlushConnections(ctx, f.Target, found); err != nil {
				return n, err
			}
		}
		if n += len(found); len(found) < batch {
			return n, nil
		}
	}
}

// byLabel has the switch find the connections. Asked in words it refuses what it
// does not know. In NXT_CT_FLUSH older switches overlook a label, and would forget
// every connection that there is.
func (f *Flush) byLabel(ctx context.Context, control string) error {
	for end := range f.Of {
		if err := call(ctx, control, "dpctl/flush-conntrack", end.match(), func(string) {}); err != nil {
			return err
		}
	}
	return nil
}

// find returns up to batch of the connections.
func (f *Flush) find(ctx context.Context, control string) ([]ofp.CTFlush, error) {
	kind := f.Datapath
	if kind == "" {
		kind = "system"
	}
	var found []ofp.CTFlush
	err := call(ctx, control, "dpctl/dump-conntrack", []string{kind + "@ovs-" + kind}, func(line string) {
		if len(found) == batch {
			return
		}
		if e, ok := parseEntry(line); ok && f.ends(e) {
			found = append(found, ofp.CTFlush{Zone: e.zone, Proto: e.proto, Orig: e.orig})
		}
	})
	return found, err
}
