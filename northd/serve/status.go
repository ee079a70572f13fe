package serve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/store"
)

// board is where the daemon's parts write down how they are, for Status.
type board struct {
	mu       sync.Mutex
	parts    map[string]*part // guarded by mu
	order    []string         // guarded by mu: parts as they first reported
	left     []northd.Problem // guarded by mu: rows that are not compiled
	unread   []northd.Unread  // guarded by mu: what rows say and nobody reads
	poisoned map[string]error // guarded by mu: faults that stay until a restart
}

type part struct {
	state  proto.State
	reason string
	values []*proto.Value
}

func newBoard() *board {
	return &board{parts: map[string]*part{}, poisoned: map[string]error{}}
}

// set replaces what is known of a part.
func (b *board) set(name string, state proto.State, reason string, values ...string) {
	p := &part{state: state, reason: reason}
	for i := 0; i+1 < len(values); i += 2 {
		p.values = append(p.values, &proto.Value{Name: values[i], Value: values[i+1]})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parts[name] == nil {
		b.order = append(b.order, name)
	}
	b.parts[name] = p
}

func (b *board) ok(name string, values ...string) { b.set(name, proto.State_STATE_OK, "", values...) }

func (b *board) fail(name string, err error, values ...string) {
	b.set(name, proto.State_STATE_FAILED, err.Error(), values...)
}

// poison marks a part as wrong until the daemon is restarted.
func (b *board) poison(name string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.poisoned[name] = err
}

func (b *board) problems(left []northd.Problem, unread []northd.Unread) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.unread = left, unread
}

func (b *board) compiled(rev int64, took time.Duration) {
	b.ok("compiler", "revision", strconv.FormatInt(rev, 10), "last", took.Round(time.Microsecond).String())
}

// agents reports the chassis: by name those that hv_cfg waits for, and those
// that are hidden.
func (b *board) agents(registered int, hv int64, behind []laggard, bad int, hidden map[string]string) {
	values := []string{"registered", strconv.Itoa(registered), "hv_cfg", strconv.FormatInt(hv, 10)}
	var reasons []string
	if len(behind) > 0 {
		var names []string
		for _, l := range behind[:min(len(behind), 10)] {
			names = append(names, fmt.Sprintf("%s (at %d)", l.chassis, l.nbCfg))
		}
		reasons = append(reasons, fmt.Sprintf("%d behind nb_cfg: %s", len(behind), strings.Join(names, ", ")))
	}
	if bad > 0 {
		reasons = append(reasons, fmt.Sprintf("%d keys written by agents are not usable, see the log", bad))
	}
	for _, name := range slices.Sorted(maps.Keys(hidden))[:min(len(hidden), 10)] {
		reasons = append(reasons, fmt.Sprintf("chassis %s is not shown: chassis %s registered its tunnel address later "+
			"(if it is no more, destroy its Chassis_Private)", name, hidden[name]))
	}
	state := proto.State_STATE_OK
	if len(reasons) > 0 {
		state = proto.State_STATE_DEGRADED
	}
	b.set("agents", state, strings.Join(reasons, "; "), values...)
}

// response puts the board together.
func (b *board) response(name, version string) *proto.StatusResponse {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &proto.StatusResponse{Daemon: "northd", Name: name, Version: version, State: proto.State_STATE_OK}
	for _, n := range b.order {
		p := b.parts[n]
		pp := &proto.Part{Name: n, State: p.state, Reason: p.reason, Values: p.values}
		if err := b.poisoned[n]; err != nil {
			pp.State, pp.Reason = proto.State_STATE_FAILED, err.Error()
		}
		r.State = max(r.State, pp.State)
		r.Parts = append(r.Parts, pp)
	}
	for _, p := range b.left {
		r.Problems = append(r.Problems, &proto.Problem{Table: p.Table, Uuid: p.UUID.String(), Name: p.Name, Column: p.Column, Reason: p.Reason})
	}
	for _, u := range b.unread {
		r.Unread = append(r.Unread, &proto.Unread{Table: u.Table, Column: u.Column, Key: u.Key, Reason: u.Reason(), Rows: uint32(u.Rows)})
	}
	return r
}

// Status implements proto.AdminServer.
func (s *Server) Status(context.Context, *proto.StatusRequest) (*proto.StatusResponse, error) {
	r := s.board.response(s.cfg.Name, s.cfg.Version)
	for _, d := range s.databases() {
		p := &proto.Part{Name: d.name, State: proto.State_STATE_OK}
		snap := d.db.Snapshot()
		p.Values = append(p.Values, &proto.Value{Name: "revision", Value: strconv.FormatInt(snap.Rev, 10)})
		bad := d.db.Problems()
		if len(bad) > 0 {
			p.State = proto.State_STATE_DEGRADED
			p.Reason = fmt.Sprintf("%d keys in etcd are left out", len(bad))
			r.State = max(r.State, p.State)
		}
		for _, b := range bad {
			r.Problems = append(r.Problems, storeProblem(b))
		}
		r.Parts = append(r.Parts, p)
	}
	return r, nil
}

func storeProblem(b store.Problem) *proto.Problem {
	return &proto.Problem{Table: b.Table, Uuid: b.UUID.String(), Name: b.Key, Column: b.Column, Reason: b.Reason}
}
