package conntrack

import (
	"context"
	"errors"
	"fmt"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Flush is which connections end: those that ACLs with option persist-established
// let in, in the zones of this chassis.
type Flush struct {
	RunDir   string // of ovs-vswitchd
	Target   string // of the bridge: "unix:PATH"
	Datapath string // the bridge's datapath_type; "": the kernel's
	ACLs     map[uint16]bool
	Zones    map[uint16]bool
}

// batch is the largest number of connections that are looked for at once.
const batch = 1 << 14

// Do ends the connections. A switch that finds them by label itself (Open vSwitch
// of 2024 and later) is told the labels. Others are asked for all connections: that is
// a walk through all that there are, in a thread of ovs-vswitchd that serves
// others too, so it is done once for any number of ACLs. It returns how many
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
	for acl := range f.ACLs {
		err := call(ctx, control, "dpctl/flush-conntrack", []string{
			fmt.Sprintf("mark=%#x/%#x", allowEstablished, allowEstablished),
			fmt.Sprintf("labels=0x%04x%020x/0xffff%020x", acl, 0, 0),
		}, func(string) {})
		if err != nil {
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
		if e, ok := parseEntry(line); ok && e.mark&allowEstablished != 0 && f.ACLs[e.acl] && f.Zones[e.zone] {
			found = append(found, ofp.CTFlush{Zone: e.zone, Proto: e.proto, Orig: e.orig})
		}
	})
	return found, err
}
