package lower

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema/sb"
)

// Logical is the part of a logical flow that OpenFlow depends on.
type Logical struct {
	Pipeline        lflow.Pipeline
	Table           uint8
	Priority        uint16
	Match, Actions  string
	ControllerMeter string
}

// FromSB returns that part of a flow of the southbound database.
func FromSB(f *sb.Flow) Logical {
	l := Logical{lflow.Ingress, f.Table, f.Priority, f.Match, f.Actions, f.ControllerMeter}
	if f.Pipeline == sb.Egress {
		l.Pipeline = lflow.Egress
	}
	return l
}

// Flow is an OpenFlow flow. Its fields are those of ofctrl.Flow, in order.
type Flow struct {
	Table    uint8
	Priority uint16
	Cookie   uint64
	Match    ofp.Match
	Actions  ofp.Actions
}

// Lowerer lowers logical flows and remembers what texts have come to that are
// of more than one flow.
// It may be used by several goroutines.
type Lowerer struct {
	scratch sync.Pool // of *scratch

	mu sync.Mutex
	// recent and older hold the programs by the hashes of their texts; older is
	// forgotten when recent is full and takes its place.
	recent, older map[uint64]*program // guarded by mu
	limit         int
	// once are the hashes of texts that were asked for one time, each at its
	// place until another takes that: what is for a single flow, as most are,
	// is not worth remembering.
	once [1 << 16]uint32 // guarded by mu
	seed maphash.Seed
}

// key is what a program is determined by.
type key struct {
	pipeline       lflow.Pipeline
	table          uint8
	router         bool
	match, actions string
	meter          string
}

// defaultLimit is the number of texts that are remembered at least.
const defaultLimit = 1 << 17

// New returns a Lowerer that remembers some hundred thousand texts.
func New() *Lowerer {
	return &Lowerer{limit: defaultLimit, recent: map[uint64]*program{}, seed: maphash.MakeSeed()}
}

// program is what has been worked out about a text. It is immutable.
type program struct {
	key
	// normal and actions are kept only as long as they are needed for more
	// than halves and encoded hold: trees are large.
	normal  lflow.Normal
	actions lflow.Actions
	// static says that the match names no ports and needs no conjunctions:
	// then halves is all there is to it.
	static bool
	halves []half
	// encoded holds the actions if they do not depend on the Env.
	encoded   ofp.Actions
	isEncoded bool
}

// half is a match without metadata: the fields that stand before metadata in
// a match, and those that stand behind it.
type half struct{ before, behind string }

// Flow appends the OpenFlow flows of f to dst. cookie is put into each of
// them. An error says what is wrong with the text, or is ErrVaries; no flow is
// appended then.
//
// Hot path: 5 µs and some ten allocations for a text that is new, 3 µs for one
// that is known.
func (l *Lowerer) Flow(dst []Flow, f *Logical, cookie uint64, env *Env) ([]Flow, error) {
	s := l.take()
	defer l.give(s)
	return l.flow(dst, s, f, cookie, env)
}

func (l *Lowerer) flow(dst []Flow, s *scratch, f *Logical, cookie uint64, env *Env) ([]Flow, error) {
	s.call = call{f: f, cookie: cookie, env: env}
	k := key{f.Pipeline, f.Table, env.Router, f.Match, f.Actions, f.ControllerMeter}
	hash := maphash.Comparable(l.seed, k)
	p, again := l.lookup(&k, hash)
	if p == nil {
		if again {
			return l.keep(dst, s, k, hash)
		}
		p = &s.program
		if err := s.compile(&s.arena, p); err != nil {
			return dst, err
		}
		if !s.asked {
			l.note(hash)
		}
	}
	actions, err := p.encoded, error(nil)
	if !p.isEncoded {
		if actions, _, err = s.encode(p.actions); err != nil {
			return dst, err
		}
	}
	return s.emit(dst, p, actions)
}

// keep is Flow for a text that is there for the second time: its program is
// made in memory of its own, and remembered.
func (l *Lowerer) keep(dst []Flow, s *scratch, k key, hash uint64) ([]Flow, error) {
	k.match, k.actions, k.meter = strings.Clone(k.match), strings.Clone(k.actions), strings.Clone(k.meter)
	f := *s.f
	f.Match, f.Actions, f.ControllerMeter = k.match, k.actions, k.meter
	s.f = &f
	p := &program{key: k}
	if err := s.compile(new(lflow.Arena), p); err != nil {
		return dst, err
	}
	s.prepare(p)
	actions, asked, err := s.encode(p.actions)
	if err != nil && !errors.Is(err, ErrVaries) {
		return dst, err
	}
	if !asked {
		p.encoded, p.isEncoded, p.actions = actions, true, nil
	}
	if !s.asked {
		l.remember(hash, p)
	}
	if err != nil {
		return dst, err
	}
	return s.emit(dst, p, actions)
}

func (l *Lowerer) take() *scratch {
	if s, _ := l.scratch.Get().(*scratch); s != nil {
		return s
	}
	return newScratch()
}

func (l *Lowerer) give(s *scratch) {
	s.reset()
	l.scratch.Put(s)
}

// lookup returns the program of a text that is known; of another one, whether
// it was asked for before.
func (l *Lowerer) lookup(k *key, hash uint64) (p *program, again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.recent[hash]; p != nil && p.key == *k {
		return p, false
	}
	if p := l.older[hash]; p != nil && p.key == *k {
		l.recent[hash] = p
		return p, false
	}
	return nil, l.once[hash%uint64(len(l.once))] == uint32(hash>>32)
}

// note notes that a text was asked for.
func (l *Lowerer) note(hash uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.once[hash%uint64(len(l.once))] = uint32(hash >> 32)
}

func (l *Lowerer) remember(hash uint64, p *program) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.recent) >= l.limit {
		l.older, l.recent = l.recent, map[uint64]*program{}
	}
	l.recent[hash] = p
}

// near tells whether only ports of this chassis can be found in the field: a
// packet enters the ingress pipeline, and leaves the egress pipeline, on the
// chassis of its port.
func (f *Logical) near(field *lflow.Symbol) bool {
	if f.Pipeline == lflow.Egress {
		return field.Name == "outport"
	}
	return field.Name == "inport"
}

// place returns where the actions of f stand.
func (f *Logical) place() lflow.Place {
	at := lflow.Place{Pipeline: f.Pipeline, Table: int(f.Table), Tables: lflow.IngressStages}
	if f.Pipeline == lflow.Egress {
		at.Tables = lflow.EgressStages
	}
	return at
}

// compile parses f in an arena, and works out all about it that can be known
// without asking for ports.
func (s *scratch) compile(a *lflow.Arena, p *program) (err error) {
	f, at := s.f, s.f.place()
	if at.Pipeline == lflow.SamePipeline || at.Table >= at.Tables {
		return fmt.Errorf("lower: there is no stage %d in pipeline %q", f.Table, f.Pipeline)
	}
	o := s.options()
	if p.actions, err = a.ParseActions(f.Actions, at, o); err != nil {
		return fmt.Errorf("actions %q: %w", f.Actions, err)
	}
	p.normal, err = s.normalize(a, p.actions, o)
	if errors.Is(err, lflow.ErrInseparable) {
		o.Separate = nil
		p.normal, err = s.normalize(a, p.actions, o)
	}
	if err != nil {
		return fmt.Errorf("match %q: %w", f.Match, err)
	}
	return nil
}

// normalize brings the match of the flow into normal form, with what its
// actions need.
func (s *scratch) normalize(a *lflow.Arena, as lflow.Actions, o *lflow.Options) (lflow.Normal, error) {
	match, err := a.ParseMatch(s.f.Match, o)
	if err != nil {
		return nil, err
	}
	return a.Normalize(learning(a.AnnotateFlow(match, as), as), s.residentFunc)
}

// prepare works out the halves if that can be done.
func (s *scratch) prepare(p *program) {
	for _, c := range p.normal {
		for i := range c {
			if c[i].Names != nil {
				return // only Env knows what they stand for
			}
		}
	}
	ms, used, err := s.arena.Matches(p.normal, nil, 1)
	if err != nil || used > 0 {
		return // emit finds out more
	}
	p.static, p.normal = true, nil
	p.halves = make([]half, 0, len(ms))
	for i := range ms {
		if h, ok := s.half(&ms[i]); ok {
			p.halves = append(p.halves, h)
		}
	}
}

// half encodes a match but for metadata; ok is false if nothing can match.
func (s *scratch) half(m *lflow.FlowMatch) (h half, ok bool) {
	if ok := s.fill(m, 0, ofp.Metadata); !ok {
		return h, false
	}
	s.buf = s.match.Append(s.buf[:0])
	n := len(s.buf)
	if ok := s.fill(m, ofp.Metadata, lastField); !ok {
		return h, false
	}
	s.buf = s.match.Append(s.buf)
	all := string(s.buf)
	return half{all[:n], all[n:]}, true
}

// fill sets the builder to the fields of m from first to last; ok is false if
// nothing can match. A switch cannot match on some bits of a field without a mask:
// alternatives that need it are left out. Such a one is an eth.type that is none
// of IP's, the part of !ip.is_frag that is about other packets.
func (s *scratch) fill(m *lflow.FlowMatch, first, last ofp.Field) (ok bool) {
	s.match.Reset()
	if m.ConjID != 0 && first <= ofp.ConjID {
		s.match.Set(ofp.ConjID, uint64(m.ConjID))
	}
	fields := fieldsByIndex()
	for i := range m.Terms {
		t := &m.Terms[i]
		f := noField
		if t.Sym.Index < len(fields) {
			f = fields[t.Sym.Index]
		}
		if f == noField {
			return false
		}
		value, mask := u128(t.Value), u128(t.Mask)
		if t.Sym.IsString() {
			value, mask = ofp.U64(uint64(portOf(t).Key)), ofp.Ones(f.Bits())
		}
		if !f.Maskable() && mask != ofp.Ones(f.Bits()) {
			return false
		}
		if first <= f && f <= last && !s.match.SetMasked128(f, value, mask) {
			return false
		}
	}
	return true
}

// encode encodes actions. asked says that env was asked something, or the cookie taken.
func (s *scratch) encode(as lflow.Actions) (a ofp.Actions, asked bool, err error) {
	s.actions.Reset()
	e := encoder{b: &s.actions, env: s.env, at: s.f.place(), tables: tablesOf(s.f.Pipeline), meter: s.f.ControllerMeter, cookie: s.cookie, nested: s.nested}
	err = e.all(as)
	s.nested = e.nested
	if err == nil && e.varies {
		return "", e.asked, ErrVaries
	}
	if n := s.actions.Len(); n > maxActions {
		s.actions = ofp.ActionBuilder{}
		if err == nil {
			err = fmt.Errorf("lower: %d bytes of OpenFlow actions are more than %d", n, maxActions)
		}
	}
	if err != nil {
		return "", e.asked, fmt.Errorf("actions %q: %w", s.f.Actions, err)
	}
	return s.actions.Actions(), e.asked, nil
}

// maxActions leaves room for the match in a message of 65,535 bytes.
const maxActions = 60000

// emit appends the flows of a program for the Env.
func (s *scratch) emit(dst []Flow, p *program, actions ofp.Actions) ([]Flow, error) {
	flow := Flow{Table: tablesOf(s.f.Pipeline).stage(s.f.Pipeline, int(s.f.Table)), Priority: s.f.Priority, Cookie: s.cookie, Actions: actions}
	if !p.static {
		return s.emitAll(dst, p.normal, flow)
	}
	for i := range p.halves {
		flow.Match = s.join(p.halves[i])
		dst = append(dst, flow)
	}
	return dst, nil
}

// emitAll is emit for what has no halves.
func (s *scratch) emitAll(dst []Flow, nf lflow.Normal, flow Flow) ([]Flow, error) {
	ms, used, err := s.arena.Matches(nf, s.portFunc, 1)
	if err != nil {
		return dst, fmt.Errorf("match %q: %w", s.f.Match, err)
	}
	if s.varies {
		return dst, ErrVaries
	}
	var shift uint32 // from the ids counted from 1 to those given out
	if used > 0 {
		if s.env.Conjunctions == nil {
			return dst, fmt.Errorf("match %q: needs conjunctions, but there are no ids", s.f.Match)
		}
		shift = s.env.Conjunctions(used) - 1
	}
	actions := flow.Actions
	for i := range ms {
		m := &ms[i]
		if m.ConjID != 0 {
			m.ConjID += shift
		}
		scope, ok := narrow(s.env.Scope, m)
		if !ok || !s.fill(m, 0, lastField) {
			continue
		}
		s.match.SetMasked(ofp.Metadata, scope.Value, scope.Mask)
		flow.Match, flow.Actions = s.match.Match(), actions
		if m.Clauses != nil {
			s.actions.Reset()
			for _, c := range m.Clauses {
				s.actions.Conjunction(c.ID+shift, c.Clause, c.N)
			}
			flow.Actions = s.actions.Actions()
		}
		if m.Set != nil {
			s.env.Family(Family{Flow: flow, Of: *m.Set})
			continue
		}
		dst = append(dst, flow)
	}
	return dst, nil
}

// join puts metadata between the halves of a match.
func (s *scratch) join(h half) ofp.Match {
	s.match.Reset()
	s.match.SetMasked(ofp.Metadata, s.env.Scope.Value, s.env.Scope.Mask)
	s.buf = append(s.buf[:0], h.before...)
	s.buf = s.match.Append(s.buf)
	s.buf = append(s.buf, h.behind...)
	return ofp.Match(s.buf)
}
