package chassisd

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// Keys in external_ids that OVN's controller writes.
const (
	ovnInstalled   = "ovn-installed"
	ovnInstalledTS = "ovn-installed-ts"
	ovnNBCfg       = "ovn-nb-cfg"
	ovnNBCfgTS     = "ovn-nb-cfg-ts"
	ovnStartupTS   = "ovn-startup-ts"
	chassisIndex   = "ovn-chassis-idx-"
)

// ovsWriter remembers what in the local database may have to be written. One
// transaction is on its way at a time; what it leaves out, or what fails, is
// found again by comparing.
type ovsWriter struct {
	bridge, tunnels bool
	ifaces          map[string]bool
	busy            bool
	done            chan error
	retry           time.Time // not before, after a failure
	problems        []string  // with tunnels
	failed          string
	cfgAt           time.Time // when ovn-nb-cfg was written
	cfgLate         bool      // it is behind
}

// flowsFirst is how long the database waits for flows that are on their way:
// ovs-vswitchd would look at all of its ports first, and packets would wait.
const flowsFirst = 100 * time.Millisecond

// cfgPace is the least time between two writes of ovn-nb-cfg. It is there for
// people to see; and each change of the bridge's row makes ovs-vswitchd look at
// all of its ports, which costs tens of milliseconds where there are hundreds.
const cfgPace = time.Second

func newOVSWriter() ovsWriter { return ovsWriter{ifaces: map[string]bool{}, done: make(chan error, 1)} }

// writeOVS starts a transaction where something has to be written.
func (a *Agent) writeOVS(ctx context.Context) {
	w := &a.ovs
	if w.busy || !a.loc.connected || !a.loc.synced || a.of == nil || a.cfg.Now().Before(w.retry) {
		return
	}
	if a.started && a.loc.bridge != nil && len(a.pending) > 0 && a.cfg.Now().Sub(a.sent) < flowsFirst {
		return // comes again when the flows are in, or with the tick
	}
	var txn vswitch.Txn
	a.planBridge(&txn)
	if a.started && a.loc.bridge != nil {
		a.planTunnels(&txn)
		a.planInterfaces(&txn)
	}
	if txn.Empty() {
		return
	}
	w.busy = true
	a.group.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		w.done <- a.vs.Commit(ctx, &txn)
	})
}

// ovsDone takes the end of a transaction.
func (a *Agent) ovsDone(err error) {
	w := &a.ovs
	w.busy, w.failed = false, ""
	if err == nil {
		return
	}
	w.failed = err.Error()
	w.retry = a.cfg.Now().Add(100 * time.Millisecond)
	w.bridge, w.tunnels = true, true
	for i := range a.byIface {
		w.ifaces[i] = true
	}
	for i, row := range a.loc.interfaces {
		if row.ExternalIDs[ovnInstalled] != "" {
			w.ifaces[i] = true
		}
	}
	a.log.Warn("open_vswitch database refuses", "err", err)
}

// planBridge makes the bridge what it must be.
func (a *Agent) planBridge(txn *vswitch.Txn) {
	w, row := &a.ovs, a.loc.row()
	if !w.bridge || row == nil {
		return
	}
	w.bridge = false
	spec := vswitch.BridgeSpec{Name: a.conf.Bridge, DatapathType: a.conf.DatapathType}
	br := a.loc.bridge
	if br == nil {
		if spec.DatapathType == "" {
			spec.DatapathType = vswitch.DatapathType(row.DatapathTypes, vswitch.KernelDatapath())
		}
		a.log.Info("creating the integration bridge", "bridge", spec.Name, "datapath_type", spec.DatapathType)
		txn.CreateBridge(row, spec)
		return
	}
	txn.FixBridge(br, spec)
	txn.OpenConfig(row, a.openConfig(row), nil)
	if !a.started {
		return
	}
	ids, gone := a.zones.Diff(br.ExternalIDs)
	for _, b := range []*bits.Allocator{a.groupBits, a.portGroupBits} {
		set, old := b.Diff(br.ExternalIDs)
		maps.Copy(ids, set)
		gone = append(gone, old...)
	}
	if a.ready && br.ExternalIDs[ovnNBCfg] != strconv.FormatInt(a.done.nbCfg, 10) {
		if now := a.cfg.Now(); now.Sub(w.cfgAt) >= cfgPace {
			ids[ovnNBCfg], ids[ovnNBCfgTS] = strconv.FormatInt(a.done.nbCfg, 10), a.millis()
			w.cfgAt = now
		} else {
			w.cfgLate = true
		}
	}
	if a.startup == "" {
		a.startup = a.millis()
	}
	ids[ovnStartupTS] = a.startup
	txn.BridgeIDs(br, ids, gone)
}

func (a *Agent) millis() string { return strconv.FormatInt(a.cfg.Now().UnixMilli(), 10) }

// catchUp writes ovn-nb-cfg where it was left behind.
func (w *ovsWriter) catchUp(now time.Time) {
	if w.cfgLate && now.Sub(w.cfgAt) >= cfgPace {
		w.cfgLate, w.bridge = false, true
	}
}

// openConfig is what OVN's controller sets on the Open_vSwitch row: no limit
// of VLAN headers, and a letter that tells apart the tunnels of several
// controllers of one machine.
func (a *Agent) openConfig(row *vswitch.OpenvSwitch) map[string]string {
	set := map[string]string{"vlan-limit": "0"}
	if key := chassisIndex + a.conf.Name; a.conf.Name != "" {
		index, ok := row.OtherConfig[key]
		if !ok {
			index = freeIndex(row.OtherConfig)
		}
		set[key] = index
	}
	return set
}

func freeIndex(config map[string]string) string {
	used := map[string]bool{}
	for k, v := range config {
		if strings.HasPrefix(k, chassisIndex) {
			used[v] = true
		}
	}
	if !used[""] {
		return ""
	}
	for c := '0'; c <= 'z'; c++ {
		if (c <= '9' || c >= 'a') && !used[string(c)] {
			return string(c)
		}
	}
	return ""
}

// planTunnels makes the tunnel ports those that the other chassis ask for.
func (a *Agent) planTunnels(txn *vswitch.Txn) {
	w := &a.ovs
	if !w.tunnels {
		return
	}
	w.tunnels = false
	row := a.loc.row()
	if row == nil {
		return
	}
	self := tunnel.Self{
		Name: a.conf.Name, TOS: a.conf.TOS, DFDefault: a.conf.DFDefault, TransportZones: a.conf.TransportZones,
		Index: row.OtherConfig[chassisIndex+a.conf.Name],
	}
	for _, e := range a.conf.Encaps {
		self.Addrs = append(self.Addrs, e.IP.String())
		if a.conf.SetLocalIP && e.Type == "geneve" && self.Local == "" {
			self.Local = e.IP.String()
		}
	}
	zones := map[string][]string{}
	for _, c := range a.t.Chassis.All() {
		zones[c.Name] = c.TransportZones
	}
	var remotes []tunnel.Remote
	for _, e := range a.t.Encaps.All() {
		if z, ok := zones[e.ChassisName]; ok {
			remotes = append(remotes, tunnel.Remote{
				Chassis: e.ChassisName, Type: e.Type, IP: e.IP, Csum: e.Options["csum"], Zones: z, Rev: e.Rev,
			})
		}
	}
	var want []tunnel.Tunnel
	want, w.problems = tunnel.Wanted(self, remotes)
	tunnel.Plan(txn, a.loc.bridge.UUID, self, want, a.loc.tunnelPorts(), a.loc.taken)
}

// planInterfaces says of interfaces whether their port's flows are in.
func (a *Agent) planInterfaces(txn *vswitch.Txn) {
	for i := range a.ovs.ifaces {
		delete(a.ovs.ifaces, i)
		row, p := a.loc.interfaces[i], a.byIface[i]
		if row == nil {
			continue
		}
		if p != nil && p.in {
			if row.ExternalIDs[ovnInstalled] != "true" || p.again {
				p.again = false
				txn.InterfaceIDs(row, map[string]string{ovnInstalled: "true", ovnInstalledTS: a.millis()}, nil)
			}
		} else if row.ExternalIDs[ovnInstalled] != "" {
			txn.InterfaceIDs(row, nil, []string{ovnInstalled})
		}
	}
}
