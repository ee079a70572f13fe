package chassisd

import (
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/chassisd/zone"
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

// ourIDs begin the keys in a bridge's external_ids that are ours.
var ourIDs = []string{zone.Prefix, ovnNBCfg, ovnStartupTS, groupBitPrefix, portGroupBitPrefix}

// ovsWriter makes the local database what it must be. One transaction is on its
// way at a time; what it leaves out, or what fails, is found again by comparing.
type ovsWriter struct {
	log   *slog.Logger
	now   func() time.Time
	loc   *local
	t     *tables.Tables
	ports *ports
	ids   []bridgeIDs

	bridge, tunnels, patches bool // may have to be written

	left      string // UUID of a bridge that was ours, until it is cleared
	busy      bool
	done      chan error
	retry     time.Time // not before, after a failure
	issues    []string  // with tunnels
	unpatched []string  // what is wrong with physical networks
	failed    string
	cfgAt     time.Time // when ovn-nb-cfg was written
	cfgLate   bool      // it is behind
	startup   string    // when this run began, ms since 1970

	// Tunnels that the switch refused are tried again, next at mendAt and then
	// mendWait later.
	mend     bool
	mendAt   time.Time
	mendWait time.Duration
}

// bridgeIDs says what of somebody's keys the bridge's external_ids lack, and what
// is too much in them.
type bridgeIDs func(have map[string]string) (set map[string]string, gone []string)

// flowsFirst is how long the database waits for flows that are on their way:
// ovs-vswitchd would look at all of its ports first, and packets would wait.
const flowsFirst = 100 * time.Millisecond

// cfgPace is the least time between two writes of ovn-nb-cfg. It is there for
// people to see; and each change of the bridge's row makes ovs-vswitchd look at
// all of its ports, which costs tens of milliseconds where there are hundreds.
const cfgPace = time.Second

// The bounds of mendWait.
const (
	minMend = 250 * time.Millisecond
	maxMend = 30 * time.Second
)

func newOVSWriter(cfg *Config, loc *local, t *tables.Tables, p *ports, ids ...bridgeIDs) *ovsWriter {
	return &ovsWriter{log: cfg.Log, now: cfg.Now, loc: loc, t: t, ports: p, ids: ids, done: make(chan error, 1)}
}

// ready tells whether a transaction can be sent.
func (w *ovsWriter) ready() bool {
	return !w.busy && w.loc.connected && w.loc.synced && !w.now().Before(w.retry)
}

// plan is the transaction that makes the database what it must be. nbCfg is of
// the newest update in the switch.
func (w *ovsWriter) plan(conf *config.Config, at phase, nbCfg int64) *vswitch.Txn {
	txn := &vswitch.Txn{}
	w.planLeft(txn)
	w.planBridge(txn, conf, at, nbCfg)
	if row := w.loc.row(); w.mend && row != nil {
		w.mend = false
		txn.Reconfigure(row)
	}
	if at >= takingOver && w.loc.bridge != nil {
		w.planTunnels(txn, conf)
		w.planPatches(txn, conf)
		w.planInterfaces(txn)
	}
	return txn
}

// ended takes the end of a transaction.
func (w *ovsWriter) ended(err error) {
	w.busy, w.failed = false, ""
	if err == nil {
		return
	}
	w.failed = err.Error()
	w.retry = w.now().Add(100 * time.Millisecond)
	w.bridge, w.tunnels, w.patches = true, true, true
	w.ports.touchAll()
	for i, row := range w.loc.interfaces {
		if row.ExternalIDs[ovnInstalled] != "" {
			w.ports.touch(i)
		}
	}
	w.log.Warn("open_vswitch database refuses", "err", err)
}

// problems lists what is wrong with tunnels and physical networks, and why the database is not as it
// must be.
func (w *ovsWriter) problems() []string {
	out := slices.Concat(w.issues, w.loc.brokenTunnels(), w.unpatched)
	if w.failed != "" {
		out = append(out, w.failed)
	}
	return out
}

// leave notes that a bridge, nil for none, is ours no more.
func (w *ovsWriter) leave(br *vswitch.Bridge) {
	if br != nil {
		w.left = br.UUID
	}
}

// planLeft takes what is ours from the bridge that was ours before, until nothing
// is left.
func (w *ovsWriter) planLeft(txn *vswitch.Txn) {
	br := w.loc.bridges[w.left]
	if br != nil && br != w.loc.bridge {
		w.loc.clear(txn, br)
		var gone []string
		for key := range br.ExternalIDs {
			if slices.ContainsFunc(ourIDs, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
				gone = append(gone, key)
			}
		}
		slices.Sort(gone)
		txn.BridgeIDs(br, nil, gone)
	}
	if txn.Empty() {
		w.left = ""
	}
}

// planBridge makes the bridge what it must be.
func (w *ovsWriter) planBridge(txn *vswitch.Txn, conf *config.Config, at phase, nbCfg int64) {
	row := w.loc.row()
	if !w.bridge || row == nil {
		return
	}
	w.bridge = false
	spec := vswitch.BridgeSpec{Name: conf.Bridge, DatapathType: conf.DatapathType}
	br := w.loc.bridge
	if br == nil {
		if spec.DatapathType == "" {
			spec.DatapathType = vswitch.DatapathType(row.DatapathTypes, vswitch.KernelDatapath())
		}
		w.log.Info("creating the integration bridge", "bridge", spec.Name, "datapath_type", spec.DatapathType)
		txn.CreateBridge(row, spec)
		return
	}
	txn.FixBridge(br, spec)
	txn.OpenConfig(row, openConfig(conf.Name, row), nil)
	if at < takingOver {
		return
	}
	set := map[string]string{}
	var gone []string
	for _, diff := range w.ids {
		more, old := diff(br.ExternalIDs)
		maps.Copy(set, more)
		gone = append(gone, old...)
	}
	if at == running && br.ExternalIDs[ovnNBCfg] != strconv.FormatInt(nbCfg, 10) {
		if now := w.now(); now.Sub(w.cfgAt) >= cfgPace {
			set[ovnNBCfg], set[ovnNBCfgTS] = strconv.FormatInt(nbCfg, 10), w.millis()
			w.cfgAt = now
		} else {
			w.cfgLate = true
		}
	}
	if w.startup == "" {
		w.startup = w.millis()
	}
	set[ovnStartupTS] = w.startup
	txn.BridgeIDs(br, set, gone)
}

func (w *ovsWriter) millis() string { return strconv.FormatInt(w.now().UnixMilli(), 10) }

// catchUp writes ovn-nb-cfg where it was left behind.
func (w *ovsWriter) catchUp(now time.Time) {
	if w.cfgLate && now.Sub(w.cfgAt) >= cfgPace {
		w.cfgLate, w.bridge = false, true
	}
}

// mendTunnels has tunnels that the switch refused tried again, each time later:
// ovs-vswitchd itself does so only when it is told something else.
func (w *ovsWriter) mendTunnels(now time.Time) {
	switch {
	case len(w.loc.broken) == 0:
		w.mendWait = 0
	case w.mendWait == 0:
		w.mendWait, w.mendAt = minMend, now.Add(minMend)
	case !now.Before(w.mendAt):
		w.mend, w.mendWait = true, min(2*w.mendWait, maxMend)
		w.mendAt = now.Add(w.mendWait)
	}
}

// openConfig is what OVN's controller sets on the Open_vSwitch row: no limit
// of VLAN headers, and a letter that tells apart the tunnels of several
// controllers of one machine.
func openConfig(name string, row *vswitch.OpenvSwitch) map[string]string {
	set := map[string]string{"vlan-limit": "0"}
	if key := chassisIndex + name; name != "" {
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
func (w *ovsWriter) planTunnels(txn *vswitch.Txn, conf *config.Config) {
	if !w.tunnels {
		return
	}
	w.tunnels = false
	row := w.loc.row()
	if row == nil {
		return
	}
	self := tunnel.Self{
		Name: conf.Name, TOS: conf.TOS, DFDefault: conf.DFDefault, TransportZones: conf.TransportZones,
		Index: row.OtherConfig[chassisIndex+conf.Name],
	}
	for _, e := range conf.Encaps {
		self.Addrs = append(self.Addrs, e.IP.String())
		if conf.SetLocalIP && e.Type == "geneve" && self.Local == "" {
			self.Local = e.IP.String()
		}
	}
	zones := map[string][]string{}
	for _, c := range w.t.Chassis.All() {
		zones[c.Name] = c.TransportZones
	}
	var remotes []tunnel.Remote
	for _, e := range w.t.Encaps.All() {
		if z, ok := zones[e.ChassisName]; ok {
			remotes = append(remotes, tunnel.Remote{
				Chassis: e.ChassisName, Type: e.Type, IP: e.IP, Csum: e.Options["csum"], Zones: z, Rev: e.Rev,
			})
		}
	}
	var want []tunnel.Tunnel
	want, w.issues = tunnel.Wanted(self, remotes, func(chassis string) map[string]string {
		if times, watched := w.t.Watched.Get(chassis); watched {
			return tunnel.BFD(times).Column()
		}
		return nil
	})
	tunnel.Plan(txn, w.loc.bridge.UUID, self, want, w.loc.tunnelPorts(w.loc.portOf), w.loc.taken)
}

// planInterfaces says of interfaces whether their port's flows are in.
func (w *ovsWriter) planInterfaces(txn *vswitch.Txn) {
	w.ports.marks(func(iface string, in, afresh bool) {
		row := w.loc.interfaces[iface]
		switch {
		case row == nil:
		case in && (afresh || row.ExternalIDs[ovnInstalled] != "true"):
			txn.InterfaceIDs(row, map[string]string{ovnInstalled: "true", ovnInstalledTS: w.millis()}, nil)
		case !in && row.ExternalIDs[ovnInstalled] != "":
			txn.InterfaceIDs(row, nil, []string{ovnInstalled})
		}
	})
}
