package chassisd

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weft-sdn/weft/chassisd/acllog"
	"github.com/weft-sdn/weft/chassisd/announce"
	"github.com/weft-sdn/weft/chassisd/bfd"
	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/dhcp"
	"github.com/weft-sdn/weft/chassisd/dns"
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/event"
	"github.com/weft-sdn/weft/chassisd/fdb"
	"github.com/weft-sdn/weft/chassisd/ledger"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/neighbour"
	"github.com/weft-sdn/weft/chassisd/pinctrl"
	"github.com/weft-sdn/weft/chassisd/radvert"
	"github.com/weft-sdn/weft/chassisd/svccheck"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Config is what an agent is started with; everything else is in the local
// switch's database.
type Config struct {
	// OVS is the address of the local database, RunDir where the bridge's
	// management socket is.
	OVS, RunDir string
	// SystemID and Etcd (endpoints, comma separated) override the database.
	SystemID, Etcd string
	// Hostname is what the machine calls itself.
	Hostname string
	// TLS is for etcd endpoints with https and for ssl: addresses; may be nil.
	TLS *tls.Config
	Log *slog.Logger
	// ACLLog is the file that gets what ACLs log; empty: standard error.
	ACLLog string
	// Check compares incremental with full results after every commit.
	Check bool
	// Version of the program, for its status.
	Version string
	// Started is called when the agent follows the local switch.
	Started func()
	// Release gives memory back to the system; it is called when much has been
	// done and nothing is left to do. May be nil.
	Release func()
	// Now is time.Now but in tests.
	Now func() time.Time
}

// Agent is one hypervisor's agent: a loop over parts, each of which has its own
// state and is told what happens. They belong to the goroutine of Run.
type Agent struct {
	cfg   Config
	log   *slog.Logger
	calls chan func() // from other goroutines, run by Run
	group sync.WaitGroup

	health atomic.Pointer[health] // nil without an admin API

	phase  phase
	dirty  bool // inputs of the tables have changed, or it is time for something
	unread bool // the configuration, or what waits for it, may have changed

	// From the outside to the tables.
	conf   config.Config
	probs  []config.Problem // with it
	vs     *vswitch.Conn
	loc    *local
	finder *finder
	link   *link // nil until etcd's endpoints are known
	dec    *decoder

	t        *tables.Tables
	last     incr.Stats // of the last commit
	checkErr error

	// What is remembered beside them.
	interest   *interest
	zones      *zones
	groups     *groupBits
	portGroups *portGroupBits
	ports      *ports
	prover     prover
	errors     complaints
	endings    endings

	// From them to the outside.
	updates  updates
	of       *ofctrl.Controller // nil until the bridge's name is known
	conn     ofctrl.Counters
	duties   *duty.Runner
	acls     *acllog.Writer
	records  *records
	ovs      *ovsWriter
	report   reporter
	logged   map[string]bool // problems that the log has
	releaser releaser
}

// New makes an agent; Run works it.
func New(cfg Config) *Agent {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Started == nil {
		cfg.Started = func() {}
	}
	t := tables.New()
	a := &Agent{
		cfg: cfg, log: cfg.Log, calls: make(chan func()), t: t, dec: newDecoder(t), loc: newLocal(cfg.Now),
		vs:       vswitch.New(vswitch.Config{Target: cfg.OVS, Log: cfg.Log}),
		acls:     acllog.New(acllog.Config{Path: cfg.ACLLog, Log: cfg.Log}),
		interest: newInterest(t), zones: &zones{t: t, log: cfg.Log}, groups: newGroupBits(t), portGroups: newPortGroupBits(t),
		ports: newPorts(t, cfg.Log), prover: newProver(), errors: complaints{}, records: newRecords(), logged: map[string]bool{}, endings: newEndings(),
	}
	a.records.own("Port_Binding", a.ports.seeClaim)
	a.duties = duty.NewRunner(duty.Config{
		Out:    func(p *ofp.PacketOut) error { return a.of.PacketOut(p) },
		Resume: func(p *ofp.PacketIn) error { return a.of.Resume(p) },
		Count:  func(table uint8, cookie uint64) error { return a.of.AskHits(table, cookie) },
		Log:    cfg.Log, Now: cfg.Now,
	}, pinctrl.Refuse(), pinctrl.ND(), pinctrl.Log(a.acls.Message, a.acls.Lost), neighbour.Duty(cfg.Log), fdb.Duty(cfg.Log), bfd.Duty(), dhcp.Duty(), dns.Duty(), radvert.Duty(), svccheck.Duty(), event.Duty(), announce.Duty(), a.prover.duty())
	for _, table := range a.duties.Tables() {
		a.records.keep(table, func(row schema.UUID, e view.Event) { a.duties.Seen(table, row, e.Value) })
	}
	a.ovs = newOVSWriter(&a.cfg, a.loc, t, a.ports, a.zones.diff, a.groups.alloc.Diff, a.portGroups.alloc.Diff)
	return a
}

// start runs f beside the agent until ctx ends.
func (a *Agent) start(ctx context.Context, what string, f func(context.Context) error) {
	a.group.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("stopped", "part", what, "err", err)
		}
	})
}

// Run is the agent; it ends with ctx and leaves the switch, the tunnels and
// the records in etcd as they are.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer a.group.Wait()
	defer cancel()
	a.start(ctx, "vswitch", a.vs.Run)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := a.once(ctx, tick.C); err != nil {
			return err
		}
		a.step(ctx)
		a.tellHealth()
	}
}

// once waits for one thing to happen and takes it in.
func (a *Agent) once(ctx context.Context, tick <-chan time.Time) error {
	var installed <-chan int64
	if a.of != nil {
		installed = a.of.Installed()
	}
	var batches <-chan *view.Batch
	var results <-chan ledger.Result
	if a.link != nil {
		batches, results = a.link.view.Batches(), a.records.ledger.Results()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case ch := <-a.vs.Changes():
		a.switchChanged(ch)
	case b := <-batches:
		a.etcdChanged(b)
	case gen := <-installed:
		a.installed(gen)
	case r := <-results:
		a.records.result(r, a.cfg.Now())
	case err := <-a.ovs.done:
		a.takeChanges()
		a.ovs.ended(err)
	case <-a.duties.Ready():
		a.records.wish(a.dutyRecords())
		if a.duties.Inputs(a.t) {
			a.changed()
		}
	case <-a.report.timer(): // sendStatus looks
	case way := <-a.prover.answers:
		a.answered(way)
	case <-a.prover.wake(): // prove looks
	case end := <-a.endings.ends:
		a.connectionsEnded(end)
	case f := <-a.finder.answers():
		a.found(ctx, f)
	case f := <-a.calls:
		f()
	case <-tick:
		a.tick()
	}
	return nil
}

// step does what follows from what was taken in.
func (a *Agent) step(ctx context.Context) {
	a.configure(ctx)
	a.compute()
	a.askForFlows()
	a.prove()
	a.endConnections(ctx)
	a.writeOVS(ctx)
	a.sendStatus()
	a.records.handOn()
}

// configure reads the configuration and starts what waits for it.
func (a *Agent) configure(ctx context.Context) {
	row := a.loc.row()
	if !a.unread || !a.loc.synced || row == nil {
		return
	}
	a.unread = false
	a.cfg.Started()
	a.cfg.Started = func() {}
	conf, probs := config.Parse(row.ExternalIDs, a.cfg.SystemID, a.cfg.Hostname)
	if a.conf.Name != "" && conf.Name != a.conf.Name {
		probs = append(probs, config.Problem{Key: "system-id", Reason: fmt.Sprintf("changed from %q to %q: start the agent again", a.conf.Name, conf.Name)})
		conf.Name = a.conf.Name
	}
	moves := a.of != nil && conf.Bridge != a.conf.Bridge
	a.conf, a.probs = conf, probs
	if moves {
		a.moveTo(conf.Bridge)
	}
	if a.records.name == "" { // it does not change any more, and the ledger reads it
		a.records.name, a.ports.name = conf.Name, conf.Name
	}
	if a.of == nil {
		a.touch(a.loc.use(conf.Bridge))
		a.setCollectors()
		a.startSwitch(ctx)
	}
	if conf.Name == "" {
		return
	}
	a.setSelf()
	a.setElision()
	if old, ok := a.t.AnnounceFor.Get(struct{}{}); !ok || old != conf.AnnounceFor {
		a.t.AnnounceFor.Set(struct{}{}, conf.AnnounceFor)
		a.changed()
	}
	a.interest.setAll(conf.MonitorAll)
	a.connect(ctx)
	if keys := record(conf, a.loc.bridge, row.IfaceTypes); keys != nil && a.dec.viewed {
		a.records.wishChassis(keys)
		if a.phase >= takingOver {
			a.records.complete()
		}
	}
}

// startSwitch connects to the bridge.
func (a *Agent) startSwitch(ctx context.Context) {
	a.of = ofctrl.New(ofctrl.Config{
		Target: a.socket(a.conf.Bridge), Log: a.log,
		LearnTables: lower.LearnTables(),
		Hits:        a.duties.Counted,
	})
	a.start(ctx, "acl log", a.acls.Run)
	a.start(ctx, "ofctrl", a.of.Run)
	a.start(ctx, "duties", func(ctx context.Context) error { return a.duties.Run(ctx, a.of.PacketIns()) })
}

// socket is the management socket of a bridge.
func (a *Agent) socket(bridge string) string {
	return "unix:" + filepath.Join(a.cfg.RunDir, bridge+".mgmt")
}

// moveTo goes over to another bridge: the interfaces on it are those that count,
// and flows and tunnels go there. What is ours goes from the bridge before, as
// when a chassis ends.
func (a *Agent) moveTo(bridge string) {
	a.log.Info("the integration bridge is another one", "bridge", bridge)
	a.ovs.leave(a.loc.bridge)
	a.touch(a.loc.use(bridge))
	a.setCollectors()
	a.of.SetTarget(a.socket(bridge))
	a.ovs.bridge, a.ovs.tunnels, a.ovs.patches = true, true, true
}

// dutyRecords are the keys that duties have changed.
func (a *Agent) dutyRecords() map[string][]byte {
	keys := map[string][]byte{}
	for _, r := range a.duties.Records() {
		keys[sb.RecordKey(a.conf.Name, r.Table, r.Row)] = r.Value
	}
	return keys
}

// setSelf tells the tables who this is.
func (a *Agent) setSelf() {
	self := tables.Self{Name: a.conf.Name, Hostname: a.conf.Hostname, Encaps: map[string]schema.UUID{}}
	for _, e := range a.conf.Encaps {
		if e.Type == "geneve" {
			self.Encaps[e.IP.String()] = encapUUID(a.conf.Name, e)
		}
	}
	old, _ := a.t.Self.Get(struct{}{})
	if !self.Equal(old) {
		a.t.Self.Set(struct{}{}, self)
		a.changed()
		a.ovs.tunnels = true
	}
}

// setElision switches stage elision on or off.
func (a *Agent) setElision() {
	if on, ok := a.t.Elide.Get(struct{}{}); !ok || on != a.conf.StageElision {
		a.t.Elide.Set(struct{}{}, a.conf.StageElision)
		a.changed()
	}
}

// setCollectors tells the tables where samples can be sent.
func (a *Agent) setCollectors() {
	if a.loc.feedCollectors(a.t) {
		a.changed()
	}
}

// takeChanges takes what the local database has told already: what a transaction
// changed is told before its end, and must not be written again.
func (a *Agent) takeChanges() {
	for {
		select {
		case ch := <-a.vs.Changes():
			a.switchChanged(ch)
		default:
			return
		}
	}
}

// switchChanged takes what the local database tells.
func (a *Agent) switchChanged(ch vswitch.Changes) {
	if ch.Connected != a.loc.connected {
		a.ovs.bridge, a.ovs.tunnels, a.ovs.patches = true, true, true
	}
	first := ch.Synced && !a.loc.synced
	a.touch(a.loc.apply(ch))
	if len(ch.Bridges)+len(ch.Open) > 0 || first {
		a.ovs.bridge, a.ovs.patches, a.unread = true, true, true
	}
	if len(ch.Bridges)+len(ch.CollectorSets) > 0 {
		a.setCollectors()
	}
	if len(ch.Ports)+len(ch.Interfaces) > 0 {
		a.ovs.tunnels, a.ovs.patches = true, true
	}
}

// changed notes that inputs of the tables change, or that it is time for
// something.
func (a *Agent) changed() {
	if !a.dirty && a.updates.next == nil {
		a.updates.since = a.cfg.Now()
	}
	a.dirty = true
}

// touch feeds interfaces into the tables.
func (a *Agent) touch(ifaces []string) {
	for _, i := range ifaces {
		a.loc.feed(a.t, i)
		a.ports.touch(i)
		a.changed()
	}
}

// tick looks at what nobody tells.
func (a *Agent) tick() {
	now := a.cfg.Now()
	a.noticeSwitch()
	a.records.wish(a.ports.endHolding())
	a.tellProblems()
	a.ovs.catchUp(now)
	a.ovs.mendTunnels(now)
	a.touch(a.loc.watchOn())
	a.tickBits(now)
	a.release()
	a.interest.tick(now)
	a.handOn()
}

// tickBits notices that it is time for the next step of a group, of datapaths or
// of ports.
func (a *Agent) tickBits(now time.Time) {
	if a.phase < takingOver || a.loc.bridge == nil {
		return
	}
	for _, b := range []*bits.Allocator{a.groups.alloc, a.portGroups.alloc} {
		if b.Tick(a.updates.done.gen, now, a.loc.bridge.ExternalIDs) {
			a.changed()
		}
	}
}

// writeOVS starts a transaction where something has to be written.
func (a *Agent) writeOVS(ctx context.Context) {
	if a.of == nil || !a.ovs.ready() {
		return
	}
	if a.phase >= takingOver && a.loc.bridge != nil && !a.updates.idle() && a.cfg.Now().Sub(a.updates.sent) < flowsFirst {
		return // comes again when the flows are in, or with the tick
	}
	txn := a.ovs.plan(&a.conf, a.phase, a.updates.done.nbCfg)
	if txn.Empty() {
		return
	}
	a.ovs.busy = true
	a.group.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		a.ovs.done <- a.vs.Commit(ctx, txn)
	})
}

// do runs f in Run's goroutine and waits for it.
func (a *Agent) do(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case a.calls <- func() { f(); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-done
	return nil
}
