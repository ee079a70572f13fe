package chassisd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weft-sdn/weft/schema/sb"
)

const (
	// coalesce is the least time between two reports.
	coalesce = 10 * time.Millisecond
	// lazy is when a report is due that nobody waits for: only that newer
	// intent is in the switch.
	lazy = 5 * time.Second
	// maxErrors bounds what is said in etcd.
	maxErrors = 20
)

// reporter keeps /weft/status/<name>.
type reporter struct {
	chassis bool // events of chassis came in since the last update of the switch
	last    sb.Status
	at      time.Time
	t       *time.Timer
	due     bool
}

func (r *reporter) timer() <-chan time.Time {
	if r.t == nil {
		return nil
	}
	return r.t.C
}

// sendStatus reports what is in the switch: when the count that northd waits
// for has changed, when claims of other chassis were applied, when something
// went wrong or right; the rest now and then. A generation is not reported
// before the claims that it brought are in etcd.
func (a *Agent) sendStatus() {
	r := &a.report
	if !a.ready || a.written.Seq < a.done.seq {
		return
	}
	s := sb.Status{
		Applied: a.done.nbRev, NBCfg: a.done.nbCfg, View: a.done.view, Claimed: a.claimed, Errors: a.problems(),
	}
	if len(s.Errors) > maxErrors {
		s.Errors = append(s.Errors[:maxErrors], fmt.Sprintf("and %d more", len(s.Errors)-maxErrors))
	}
	wait := lazy
	switch {
	case statusEqual(s, r.last):
		a.done.chassis = false
		return
	case s.NBCfg != r.last.NBCfg || s.Claimed != r.last.Claimed || a.done.chassis || !slices.Equal(s.Errors, r.last.Errors):
		wait = coalesce
	}
	now := a.cfg.Now()
	if left := r.at.Add(wait).Sub(now); left > 0 {
		if r.t != nil {
			r.t.Stop()
		}
		r.t = time.NewTimer(left)
		return
	}
	r.last, r.at, r.due = s, now, false
	a.done.chassis = false
	value, err := json.Marshal(s)
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	a.link.ledger.Want(map[string][]byte{statusPrefix + a.conf.Name: value})
	a.ovs.bridge = true // ovn-nb-cfg
}

func statusEqual(a, b sb.Status) bool {
	return a.Applied == b.Applied && a.NBCfg == b.NBCfg && a.View == b.View && a.Claimed == b.Claimed &&
		slices.Equal(a.Errors, b.Errors)
}

// problems lists what is wrong, in a fixed order.
func (a *Agent) problems() []string {
	var out []string
	for _, p := range a.probs {
		out = append(out, "external_ids:"+p.String())
	}
	for _, k := range slices.Sorted(maps.Keys(a.errors)) {
		out = append(out, a.errors[k]...)
	}
	for _, k := range slices.Sorted(maps.Keys(a.dec.bad)) {
		out = append(out, fmt.Sprintf("key %s: %s", k, a.dec.bad[k]))
	}
	out = append(out, a.ovs.problems...)
	out = append(out, a.loc.doubles()...)
	if a.ovs.failed != "" {
		out = append(out, a.ovs.failed)
	}
	if a.written.Contested > 0 {
		out = append(out, fmt.Sprintf("somebody else writes the records of chassis %s: is there a second agent with this system-id?", a.conf.Name))
	}
	if a.checkErr != nil {
		out = append(out, a.checkErr.Error())
	}
	return out
}

// tellProblems logs what went wrong or right since the last time.
func (a *Agent) tellProblems() {
	now := map[string]bool{}
	for _, p := range a.problems() {
		now[p] = true
		if !a.told[p] {
			a.log.Warn("problem", "what", p)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(a.told)) {
		if !now[p] {
			a.log.Info("problem solved", "what", p)
		}
	}
	a.told = now
}
