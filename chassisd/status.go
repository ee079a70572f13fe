package chassisd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	// Reports that somebody may wait for go out at once, so many in a row;
	// after that there is one each interval.
	burst    = 50
	interval = 20 * time.Millisecond
	// patience is how long after a change of nb_cfg somebody may wait for
	// claims to be seen; later than that they are reported with less haste, so
	// that a storm of claims is not one of reports.
	patience = 2 * time.Second
	calm     = time.Second
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
	cfgAt   time.Time // when nb_cfg was last reported
	full    time.Time // when the whole burst may go out again
}

// saved is how long after the last report the next one may go out.
func (r *reporter) saved(now time.Time) time.Duration {
	early := r.full.Sub(now) - (burst-1)*interval
	if early <= 0 {
		return 0
	}
	return now.Add(early).Sub(r.at)
}

// spent notes a report.
func (r *reporter) spent(now time.Time) {
	if r.full.Before(now) {
		r.full = now
	}
	r.full = r.full.Add(interval)
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
	now := a.cfg.Now()
	wait := lazy
	switch {
	case statusEqual(s, r.last):
		a.done.chassis = false
		return
	case s.NBCfg != r.last.NBCfg:
		wait = 0
	case s.Claimed != r.last.Claimed || a.done.chassis || !slices.Equal(s.Errors, r.last.Errors):
		if wait = calm; now.Sub(r.cfgAt) < patience {
			wait = 0
		}
	}
	wait = max(wait, r.saved(now))
	if left := r.at.Add(wait).Sub(now); left > 0 {
		if r.t != nil {
			r.t.Stop()
		}
		r.t = time.NewTimer(left)
		return
	}
	if s.NBCfg != r.last.NBCfg {
		r.cfgAt = now
	}
	r.last, r.at, r.due = s, now, false
	r.spent(now)
	a.done.chassis = false
	value, err := json.Marshal(s)
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	a.link.ledger.Want(map[string][]byte{sb.StatusKey(a.conf.Name): value})
	a.ovs.bridge = true // ovn-nb-cfg
}

func statusEqual(a, b sb.Status) bool {
	return a.Applied == b.Applied && a.NBCfg == b.NBCfg && a.View == b.View && a.Claimed == b.Claimed &&
		slices.Equal(a.Errors, b.Errors)
}

// contestedFor is how long a foreign write of our keys is told. A second agent
// would write again within a second or so.
const contestedFor = 30 * time.Second

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
	if a.written.Contested > 0 && a.cfg.Now().Sub(a.contestedAt) < contestedFor {
		out = append(out, fmt.Sprintf("somebody else writes the records of chassis %s: is there a second agent with this system-id?", a.conf.Name))
	}
	if a.of != nil {
		out = append(out, switchProblems(a.of.Status())...)
	}
	if a.checkErr != nil {
		out = append(out, a.checkErr.Error())
	}
	return out
}

// switchProblems lists what the switch does not take and what is wanted in two
// ways.
func switchProblems(s ofctrl.Status) (out []string) {
	for i := range s.Refused[:min(len(s.Refused), maxErrors)] {
		out = append(out, s.Refused[i].String())
	}
	for _, c := range s.Contests {
		out = append(out, "contested: "+c)
	}
	return out
}

// tellProblems logs what went wrong or right since the last time.
func (a *Agent) tellProblems() {
	now := map[string]bool{}
	for _, p := range a.problems() {
		now[p] = true
		if !a.logged[p] {
			a.log.Warn("problem", "what", p)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(a.logged)) {
		if !now[p] {
			a.log.Info("problem solved", "what", p)
		}
	}
	a.logged = now
}
