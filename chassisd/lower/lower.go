package lower

import (
	"errors"
	"fmt"
	"hash/maphash"
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
	// recent and older hold the programs; older is forgotten when recent is
	// full and takes its place.
	recent, older map[key]*program // guarded by mu
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
	return &Lowerer{limit: defaultLimit, recent: map[key]*program{}, seed: maphash.MakeSeed()}
}

// program is what has been worked out about a text. It is immutable.
type program struct {
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

// scratch is what one call needs and the next can use again.
type scratch struct {
	match   ofp.MatchBuilder
	actions ofp.ActionBuilder
	nested  []*ofp.ActionBuilder
	buf     []byte
}

// Flow appends the OpenFlow flows of f to dst. cookie is put into each of
// them. An error says what is wrong with the text, or is ErrVaries; no flow is
// appended then.
//
// Hot path: 10 µs for a text that is new, 3 µs for one that is known.
func (l *Lowerer) Flow(dst []Flow, f *Logical, cookie uint64, env *Env) ([]Flow, error) {
	s := l.take()
	defer l.scratch.Put(s)
	k := key{f.Pipeline, f.Table, env.Router, f.Match, f.Actions, f.ControllerMeter}
	p := l.lookup(k)
	if p == nil {
		var cacheable bool
		var err error
		if p, cacheable, err = compile(s, f, cookie, env); err != nil {
			return dst, err
		}
		if cacheable {
			l.remember(k, p)
		}
	}
	return p.emit(dst, s, f, cookie, env)
}

func (l *Lowerer) take() *scratch {
	if s, _ := l.scratch.Get().(*scratch); s != nil {
		return s
	}
	return new(scratch)
}

func (l *Lowerer) lookup(k key) *program {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.recent[k]; p != nil {
		return p
	}
	p := l.older[k]
	if p != nil {
		l.recent[k] = p
	}
	return p
}

// remember keeps a program from the second time on.
func (l *Lowerer) remember(k key, p *program) {
	h := maphash.Comparable(l.seed, k)
	l.mu.Lock()
	defer l.mu.Unlock()
	if before := &l.once[h%uint64(len(l.once))]; *before != uint32(h>>32) {
		*before = uint32(h >> 32)
		return
	}
	if len(l.recent) >= l.limit {
		l.older, l.recent = l.recent, map[key]*program{}
	}
	l.recent[k] = p
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
	at := lflow.Place{Pipeline: f.Pipeline, Table: int(f.Table), Tables: IngressStages}
	if f.Pipeline == lflow.Egress {
		at.Tables = EgressStages
	}
	return at
}

// compile works out all about f that can be known without asking for ports.
// cacheable says that env was not asked anything.
func compile(s *scratch, f *Logical, cookie uint64, env *Env) (p *program, cacheable bool, err error) {
	at := f.place()
	if at.Pipeline == lflow.SamePipeline || at.Table >= at.Tables {
		return nil, false, fmt.Errorf("lower: there is no stage %d in pipeline %q", f.Table, f.Pipeline)
	}
	cacheable = true
	opts := lflow.Options{}
	if env.AddressSet != nil {
		opts.AddressSet = func(name string) ([]lflow.Constant, bool) {
			cacheable = false
			return env.AddressSet(name)
		}
	}
	if env.PortGroup != nil {
		opts.PortGroup = func(name string, field *lflow.Symbol) ([]string, bool) {
			cacheable = false
			return env.PortGroup(name, f.near(field))
		}
	}
	if env.PortGroupBit != nil {
		opts.GroupBit = func(name string, field *lflow.Symbol) (lflow.Field, bool) {
			if !f.near(field) {
				return lflow.Field{}, false
			}
			cacheable = false
			bit, ok := env.PortGroupBit(name)
			if !ok {
				return lflow.Field{}, false
			}
			return groupBit(bit), true
		}
	}
	opts.DHCP = definitions(env.DHCP, &cacheable)
	opts.DHCPv6 = definitions(env.DHCPv6, &cacheable)
	if env.Separate != nil {
		opts.Separate = func(name string) bool {
			cacheable = false
			return env.Separate(name)
		}
	}
	p = &program{}
	if p.actions, err = lflow.ParseActions(f.Actions, at, &opts); err != nil {
		return nil, false, fmt.Errorf("actions %q: %w", f.Actions, err)
	}
	resident := func(port string) bool {
		cacheable = false
		return env.Resident != nil && env.Resident(port)
	}
	p.normal, err = normalize(f.Match, p.actions, &opts, resident)
	if errors.Is(err, lflow.ErrInseparable) {
		opts.Separate = nil
		p.normal, err = normalize(f.Match, p.actions, &opts, resident)
	}
	if err != nil {
		return nil, false, fmt.Errorf("match %q: %w", f.Match, err)
	}
	p.prepare(s)
	actions, asked, err := encode(s, p.actions, f, cookie, env)
	if err != nil && !errors.Is(err, ErrVaries) {
		return nil, false, fmt.Errorf("actions %q: %w", f.Actions, err)
	}
	if !asked {
		p.encoded, p.isEncoded, p.actions = actions, true, nil
	}
	return p, cacheable, nil
}

// normalize brings the match of a flow into normal form, with what its actions
// need.
func normalize(text string, as lflow.Actions, opts *lflow.Options, resident func(string) bool) (lflow.Normal, error) {
	match, err := lflow.ParseMatch(text, opts)
	if err != nil {
		return nil, err
	}
	annotated := lflow.Annotate(match)
	if pre := as.Prerequisite(); pre != nil {
		annotated = lflow.And(annotated, lflow.Expand(pre))
	}
	return lflow.Normalize(learning(annotated, as), resident)
}

// prepare works out the halves if that can be done.
func (p *program) prepare(s *scratch) {
	for _, c := range p.normal {
		for i := range c {
			if c[i].Names != nil {
				return // only Env knows what they stand for
			}
		}
	}
	ms, used, err := p.normal.Matches(nil, 1)
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
	if ok := s.fill(m, false); !ok {
		return h, false
	}
	s.buf = s.match.Append(s.buf[:0])
	n := len(s.buf)
	s.fill(m, true)
	s.buf = s.match.Append(s.buf)
	all := string(s.buf)
	return half{all[:n], all[n:]}, true
}

// fill sets the builder to the fields of m that stand before metadata, or
// behind it.
func (s *scratch) fill(m *lflow.FlowMatch, behind bool) (ok bool) {
	s.match.Reset()
	if m.ConjID != 0 && !behind {
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
		if (f > ofp.Metadata) == behind && !s.match.SetMasked128(f, value, mask) {
			return false
		}
	}
	return true
}

// encode encodes actions. asked says that env was asked something, or the cookie taken.
func encode(s *scratch, as lflow.Actions, f *Logical, cookie uint64, env *Env) (a ofp.Actions, asked bool, err error) {
	s.actions.Reset()
	e := encoder{b: &s.actions, env: env, at: f.place(), tables: tablesOf(f.Pipeline), meter: f.ControllerMeter, cookie: cookie, nested: s.nested}
	err = e.all(as)
	s.nested = e.nested
	if err == nil && e.varies {
		err = ErrVaries
	}
	if err == nil && s.actions.Len() > maxActions {
		err = fmt.Errorf("lower: %d bytes of OpenFlow actions are more than %d", s.actions.Len(), maxActions)
	}
	if err != nil {
		return "", e.asked, err
	}
	return s.actions.Actions(), e.asked, nil
}

// maxActions leaves room for the match in a message of 65,535 bytes.
const maxActions = 60000

// emit appends the flows of the program for the Env.
func (p *program) emit(dst []Flow, s *scratch, f *Logical, cookie uint64, env *Env) ([]Flow, error) {
	actions := p.encoded
	if !p.isEncoded {
		var err error
		if actions, _, err = encode(s, p.actions, f, cookie, env); err != nil {
			return dst, err
		}
	}
	flow := Flow{Table: tablesOf(f.Pipeline).stage(f.Pipeline, int(f.Table)), Priority: f.Priority, Cookie: cookie, Actions: actions}
	if p.static {
		for i := range p.halves {
			flow.Match = s.join(p.halves[i], env.Scope)
			dst = append(dst, flow)
		}
		return dst, nil
	}
	return p.emitAll(dst, s, f, flow, env)
}

// emitAll is emit for matches with ports or conjunctions.
func (p *program) emitAll(dst []Flow, s *scratch, f *Logical, flow Flow, env *Env) ([]Flow, error) {
	varies := false
	port := func(field *lflow.Symbol, name string) (uint64, bool) {
		if env.Port == nil || env.Far != nil && f.near(field) && env.Far(name) {
			return 0, false
		}
		p, ok := env.Port(name)
		varies = varies || p.Varies
		return p.number(), ok
	}
	ms, used, err := p.normal.Matches(port, 1)
	if err != nil {
		return dst, fmt.Errorf("match %q: %w", f.Match, err)
	}
	if varies {
		return dst, ErrVaries
	}
	var shift uint32 // from the ids counted from 1 to those given out
	if used > 0 {
		if env.Conjunctions == nil {
			return dst, fmt.Errorf("match %q: needs conjunctions, but there are no ids", f.Match)
		}
		shift = env.Conjunctions(used) - 1
	}
	actions := flow.Actions
	for i := range ms {
		m := &ms[i]
		if m.ConjID != 0 {
			m.ConjID += shift
		}
		scope, ok := narrow(env.Scope, m)
		if !ok {
			continue
		}
		h, ok := s.half(m)
		if !ok {
			continue
		}
		flow.Match, flow.Actions = s.join(h, scope), actions
		if m.Clauses != nil {
			s.actions.Reset()
			for _, c := range m.Clauses {
				s.actions.Conjunction(c.ID+shift, c.Clause, c.N)
			}
			flow.Actions = s.actions.Actions()
		}
		if m.Set != nil {
			env.Family(Family{Flow: flow, Of: *m.Set})
			continue
		}
		dst = append(dst, flow)
	}
	return dst, nil
}

// join puts metadata between the halves of a match.
func (s *scratch) join(h half, scope Scope) ofp.Match {
	s.match.Reset()
	s.match.SetMasked(ofp.Metadata, scope.Value, scope.Mask)
	s.buf = append(s.buf[:0], h.before...)
	s.buf = s.match.Append(s.buf)
	s.buf = append(s.buf, h.behind...)
	return ofp.Match(s.buf)
}
