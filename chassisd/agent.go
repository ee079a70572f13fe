package chassisd

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/weft-sdn/weft/chassisd/acllog"
	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/ledger"
	"github.com/weft-sdn/weft/chassisd/pinctrl"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
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

// Agent is one hypervisor's agent. Its fields belong to the goroutine of Run.
type Agent struct {
	cfg   Config
	log   *slog.Logger
	calls chan func() // from other goroutines, run by Run
	group sync.WaitGroup

	t      *tables.Tables
	dec    *decoder
	loc    *local
	zones  zone.Allocator
	flush  []uint16 // zones to be flushed with the next update of the switch
	conf   config.Config
	probs  []config.Problem // with the configuration
	vs     *vswitch.Conn
	of     *ofctrl.Controller // nil until the bridge's name is known
	pin    *pinctrl.Dispatcher
	acls   *acllog.Writer
	link   *link // nil until etcd's endpoints are known
	finder *finder

	interest interest

	groupBits     *bits.Allocator // which group of datapaths has which bit of metadata
	portGroupBits *bits.Allocator // and which port group which of the registers
	groupNews     map[string]bool // those of datapaths of which the use has changed
	portGroupNews map[string]bool // and those of ports

	synced   bool // the first state of the switch's database is in
	viewed   bool // the first state of etcd is in
	zoned    bool // the bridge's zones are taken over
	started  bool // the first complete state went to the switch
	ready    bool // and is in it
	dirty    bool // inputs have changed
	unread   bool // the configuration, or what waits for it, may have
	conn     ofctrl.Counters
	checkErr error
	last     incr.Stats // of the last commit

	gen     int64     // of the newest update given to the switch, or of next
	next    *handover // nil: nothing is to be handed on
	sent    time.Time // when that was
	since   time.Time // when the first change came in that is not in an update
	pending []generation
	told    generation // newest given to the switch
	done    generation // newest that is in it
	bound   map[schema.UUID]*boundPort
	byIface map[string]*boundPort
	waiting map[schema.UUID]*boundPort // for their flows to be in
	ownUp   map[schema.UUID]bool       // our claims in etcd: up
	ownKeys map[string]bool            // our records in etcd
	unseen  map[string]bool            // those not yet in the complete state that comes in
	want    map[string][]byte          // keys wished for in etcd
	whole   bool                       // the ledger was told that all wishes are there
	seq     int64                      // newest wish
	written ledger.Result
	// contestedAt: when somebody else was last seen to write our keys.
	contestedAt time.Time
	claimed     int64 // revision of our newest claim
	viewRev     int64 // of the chassis' keys in the tables
	errors      map[string][]string
	report      reporter
	ovs         ovsWriter
	logged      map[string]bool // problems that the log has
	startup     string          // when this run began, ms since 1970
	changes     changes
	releaser    releaser
}

// generation is what an update of the switch stands for.
type generation struct {
	gen     int64
	nbRev   int64
	nbCfg   int64
	view    int64
	seq     int64
	chassis bool // there were events of chassis
	// since is when the first change that it stands for came in; zero where
	// no flow changed. computed is how long it took the agent.
	since    time.Time
	computed time.Duration
}

// changes counts the changes of flows that are in the switch, and how long
// they took, from a change's arrival from etcd or the local database: until
// the flows were computed, and until the switch's barrier.
type changes struct {
	n              int
	computed, took time.Duration
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
	return &Agent{
		cfg: cfg, log: cfg.Log, calls: make(chan func()), t: t, dec: newDecoder(t), loc: newLocal(),
		groupBits: newGroupBits(), portGroupBits: newPortGroupBits(), groupNews: map[string]bool{}, portGroupNews: map[string]bool{},
		acls:  acllog.New(acllog.Config{Path: cfg.ACLLog, Log: cfg.Log}),
		vs:    vswitch.New(vswitch.Config{Target: cfg.OVS, Log: cfg.Log}),
		bound: map[schema.UUID]*boundPort{}, byIface: map[string]*boundPort{}, waiting: map[schema.UUID]*boundPort{},
		ownUp: map[schema.UUID]bool{}, ownKeys: map[string]bool{}, interest: newInterest(), want: map[string][]byte{},
		errors: map[string][]string{}, logged: map[string]bool{}, ovs: newOVSWriter(),
	}
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
		batches, results = a.link.view.Batches(), a.link.ledger.Results()
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
		if r.Contested > a.written.Contested {
			a.contestedAt = a.cfg.Now()
		}
		a.written = r
		a.claimed = max(a.claimed, r.Rev)
	case err := <-a.ovs.done:
		a.ovsDone(err)
	case <-a.report.timer():
		a.report.due = true
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
	a.writeOVS(ctx)
	a.sendStatus()
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
	if a.of != nil && conf.Bridge != a.conf.Bridge {
		probs = append(probs, config.Problem{Key: "ovn-bridge", Reason: fmt.Sprintf("changed from %q to %q: start the agent again", a.conf.Bridge, conf.Bridge)})
		conf.Bridge = a.conf.Bridge
	}
	a.conf, a.probs = conf, probs
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
	a.setMonitorAll()
	a.connect(ctx)
	if keys := record(conf, a.loc.bridge, row.IfaceTypes); keys != nil && a.viewed {
		a.wishRecord(keys)
	}
}

// startSwitch connects to the bridge.
func (a *Agent) startSwitch(ctx context.Context) {
	a.of = ofctrl.New(ofctrl.Config{
		Target: "unix:" + filepath.Join(a.cfg.RunDir, a.conf.Bridge+".mgmt"), Log: a.log,
	})
	a.pin = pinctrl.New(pinctrl.Config{
		In: a.of.PacketIns(), Out: a.of.PacketOut, Resume: a.of.Resume, ACL: a.acls.Message, Log: a.log,
	})
	a.start(ctx, "acl log", a.acls.Run)
	a.start(ctx, "ofctrl", a.of.Run)
	a.start(ctx, "pinctrl", a.pin.Run)
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

// switchChanged takes what the local database tells.
func (a *Agent) switchChanged(ch vswitch.Changes) {
	if ch.Connected != a.loc.connected {
		a.ovs.bridge, a.ovs.tunnels = true, true
	}
	a.touch(a.loc.apply(ch))
	if len(ch.Bridges)+len(ch.Open) > 0 || ch.Synced && !a.synced {
		a.ovs.bridge, a.unread, a.synced = true, true, ch.Synced
	}
	if len(ch.Bridges)+len(ch.CollectorSets) > 0 {
		a.setCollectors()
	}
	if len(ch.Ports)+len(ch.Interfaces) > 0 {
		a.ovs.tunnels = true
	}
}

// changed notes that inputs of the tables change, or that it is time for
// something.
func (a *Agent) changed() {
	if !a.dirty && a.next == nil {
		a.since = a.cfg.Now()
	}
	a.dirty = true
}

// touch feeds interfaces into the tables.
func (a *Agent) touch(ifaces []string) {
	for _, i := range ifaces {
		a.loc.feed(a.t, i)
		a.ovs.ifaces[i] = true
		a.changed()
	}
}

// tick looks at what nobody tells.
func (a *Agent) tick() {
	a.noticeSwitch()
	a.endHolding()
	a.tellProblems()
	a.ovs.catchUp(a.cfg.Now())
	a.tickGroupBits()
	a.release()
	a.tickInterest()
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
