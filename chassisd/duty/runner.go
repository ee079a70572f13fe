package duty

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

// Config connects a runner.
type Config struct {
	// Out sends a packet, Resume lets a paused one go on; neither must block.
	Out    func(*ofp.PacketOut) error
	Resume func(*ofp.PacketIn) error
	// Count asks for the packets that flows have seen; Runner.Counted is to be told.
	// It must not block. nil counts nothing.
	Count func(table uint8, cookie uint64) error
	Log   *slog.Logger
	// Rate is how many packets of one action are handled a second; 0 is 1000.
	Rate float64
	// Now is time.Now but in tests.
	Now func() time.Time
}

// Stats counts what became of the packets of one action.
type Stats struct {
	Handled, Limited, Bad, Unsent uint64
}

// Record is a row that a duty wants in etcd; a nil value is one that must go.
type Record struct {
	Table string
	Row   schema.UUID
	Value []byte
}

// Runner runs duties.
type Runner struct {
	cfg    Config
	duties []*running
	byOp   map[lower.Opcode]*running
	limits map[string]*limit // by action; Run's own
	wake   chan struct{}
	ready  chan struct{}

	mu      sync.Mutex
	told    []func() // to be called by Run
	records map[recordKey][]byte
	inputs  []func(*tables.Tables)
	stats   map[string]Stats
}

// running is a duty and what is remembered of it.
type running struct {
	Duty
	at      time.Time
	rows    map[schema.UUID]bool // its records
	refused counter              // records that were too many
}

type recordKey struct {
	table string
	row   schema.UUID
}

var errUnknown = errors.New("duty: an action that this agent does not know")

// kindOther is every packet that nobody handles.
const kindOther = "other"

// NewRunner makes a runner of duties; Run works it. An action belongs to one
// duty, and so does a table.
func NewRunner(cfg Config, duties ...Duty) *Runner {
	if cfg.Rate == 0 {
		cfg.Rate = 1000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Runner{
		cfg: cfg, byOp: map[lower.Opcode]*running{}, limits: map[string]*limit{}, wake: make(chan struct{}, 1),
		ready: make(chan struct{}, 1), records: map[recordKey][]byte{}, stats: map[string]Stats{},
	}
	for _, d := range duties {
		run := &running{Duty: d, rows: map[schema.UUID]bool{}}
		r.duties = append(r.duties, run)
		for op := range d.Packets {
			if r.byOp[op] != nil {
				panic("duty: " + op.String() + " has two duties")
			}
			r.byOp[op] = run
		}
	}
	return r
}

// Run works until ctx ends; in brings the packets that the switch sends.
func (r *Runner) Run(ctx context.Context, in <-chan *ofp.PacketIn) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(r.wait())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p := <-in:
			r.Handle(p)
		case <-r.wake:
			r.Hear()
		case <-timer.C:
			r.Tick()
		}
	}
}

// wait is how long no duty has asked for a time.
func (r *Runner) wait() time.Duration {
	wait := time.Hour
	for _, d := range r.duties {
		if !d.at.IsZero() {
			wait = min(wait, d.at.Sub(r.cfg.Now()))
		}
	}
	return max(wait, 0)
}

// Tick wakes the duties whose time has come, as Run does.
func (r *Runner) Tick() {
	for _, d := range r.duties {
		if !d.at.IsZero() && !d.at.After(r.cfg.Now()) {
			d.at = time.Time{}
			d.Wake(&Out{r: r, duty: d})
		}
	}
}

// Read tells the duties what the tables hold. It is called after each commit, by
// the goroutine that owns the tables.
func (r *Runner) Read(t *tables.Tables) {
	for _, d := range r.duties {
		if d.Read == nil {
			continue
		}
		if take := d.Read(t); take != nil {
			r.tell(func() { take(&Out{r: r, duty: d}) })
		}
	}
}

// Seen tells of a record of the chassis that is in etcd; value is nil where it is
// gone.
func (r *Runner) Seen(table string, row schema.UUID, value []byte) {
	for _, d := range r.duties {
		if d.Table == table && d.Seen != nil {
			r.tell(func() {
				if value != nil {
					d.rows[row] = true
				}
				d.Duty.Seen(row, value, &Out{r: r, duty: d})
			})
		}
	}
}

// Counted tells the duties that count what the switch has answered.
func (r *Runner) Counted(hits []ofp.Hits) {
	for _, d := range r.duties {
		if d.Counted != nil {
			r.tell(func() { d.Counted(hits, &Out{r: r, duty: d}) })
		}
	}
}

// Tables are those in which duties have records.
func (r *Runner) Tables() (tables []string) {
	for _, d := range r.duties {
		if d.Table != "" {
			tables = append(tables, d.Table)
		}
	}
	return tables
}

// tell has Run call f.
func (r *Runner) tell(f func()) {
	r.mu.Lock()
	r.told = append(r.told, f)
	r.mu.Unlock()
	kick(r.wake)
}

// Hear calls what was told, as Run does.
func (r *Runner) Hear() {
	r.mu.Lock()
	told := r.told
	r.told = nil
	r.mu.Unlock()
	for _, f := range told {
		f()
	}
}

func kick(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// record takes a record that a duty gives.
func (r *Runner) record(d *running, row schema.UUID, value []byte) bool {
	if value != nil && !d.rows[row] && len(d.rows) >= d.Max {
		d.refused.n.Add(1)
		return false
	}
	if value == nil {
		delete(d.rows, row)
	} else {
		d.rows[row] = true
	}
	r.mu.Lock()
	r.records[recordKey{d.Table, row}] = value
	r.mu.Unlock()
	kick(r.ready)
	return true
}

// setInputs has the owner of the tables call f.
func (r *Runner) setInputs(f func(*tables.Tables)) {
	r.mu.Lock()
	r.inputs = append(r.inputs, f)
	r.mu.Unlock()
	kick(r.ready)
}

// Inputs sets what duties have set of the tables' inputs since the last call, and
// tells whether there was anything.
func (r *Runner) Inputs(t *tables.Tables) bool {
	r.mu.Lock()
	inputs := r.inputs
	r.inputs = nil
	r.mu.Unlock()
	for _, f := range inputs {
		f(t)
	}
	return len(inputs) > 0
}

// Ready tells that there are Records or Inputs.
func (r *Runner) Ready() <-chan struct{} { return r.ready }

// Records returns the records that duties have changed since the last call.
func (r *Runner) Records() []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Record
	for k, v := range r.records {
		all = append(all, Record{k.table, k.row, v})
	}
	clear(r.records)
	return all
}

// Handle handles one packet, as Run does with each.
func (r *Runner) Handle(in *ofp.PacketIn) {
	d, p, err := r.find(in)
	kind := kindOther
	if d != nil {
		kind = p.Op.String()
	}
	l := r.limits[kind]
	if l == nil {
		rate := r.cfg.Rate
		if d != nil {
			rate = max(rate, d.Rate)
		}
		l = newLimit(rate)
		r.limits[kind] = l
	}
	if !l.take(p.port(), r.cfg.Now()) {
		r.count(kind, func(s *Stats) { s.Limited++ })
		return
	}
	out := Out{r: r, duty: d}
	if err == nil {
		err = d.Packets[p.Op](p, &out)
	}
	switch {
	case err != nil:
		r.count(kind, func(s *Stats) { s.Bad++ })
		r.cfg.Log.Debug("packet-in", "kind", kind, "err", err)
	case out.err != nil:
		r.count(kind, func(s *Stats) { s.Unsent++ })
	default:
		r.count(kind, func(s *Stats) { s.Handled++ })
	}
}

// find reads the userdata.
func (r *Runner) find(in *ofp.PacketIn) (*running, *Packet, error) {
	u, err := lower.DecodeUserdata(in.Userdata)
	p := &Packet{PacketIn: in, Op: u.Op, Args: u.Args}
	if err != nil {
		return nil, p, err
	}
	d := r.byOp[u.Op]
	if d == nil {
		return nil, p, fmt.Errorf("%w: %s", errUnknown, u.Op)
	}
	return d, p, nil
}

func (r *Runner) count(kind string, f func(*Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats[kind]
	f(&s)
	r.stats[kind] = s
}

// Stats returns the counts by action.
func (r *Runner) Stats() map[string]Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := make(map[string]Stats, len(r.stats))
	for k, s := range r.stats {
		m[k] = s
	}
	return m
}

// Figures are those of all duties, their names behind the duty's.
func (r *Runner) Figures() (all []Figure) {
	for _, d := range r.duties {
		figures := d.Figures
		if d.Table != "" {
			figures = append(slices.Clone(figures), Figure{"records_refused_total", "records in " + d.Table + " beyond what there may be", true, d.refused.load})
		}
		for _, f := range figures {
			f.Name = d.Name + "_" + f.Name
			all = append(all, f)
		}
	}
	return all
}

// counter may be read while it grows.
type counter struct{ n atomic.Uint64 }

func (c *counter) load() float64 { return float64(c.n.Load()) }
