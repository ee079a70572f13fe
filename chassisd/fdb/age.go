package fdb

import (
	"maps"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/tables"
)

// wake forgets what is too old, and doubts what soon will be.
func (l *learner) wake(out *duty.Out) {
	l.next = time.Time{}
	if len(l.aging) == 0 {
		l.doubt(nil, out)
		return
	}
	now := out.Now()
	for id, r := range l.own {
		a := l.aging[r.Datapath]
		switch end := r.at.Add(a); {
		case a == 0:
		case now.Before(end):
			l.ask(end, out)
		default:
			l.drop(id, out)
		}
	}
	doubted := map[tables.SenderKey]bool{}
	for k, s := range l.known {
		a := l.aging[k.Datapath]
		switch half := time.UnixMilli(s.Time).Add(a / 2); {
		case a == 0:
		case now.Before(half):
			l.ask(half, out)
		default:
			doubted[k] = true
		}
	}
	l.doubt(doubted, out)
}

// doubt has the senders doubted that are in the set, and no others.
func (l *learner) doubt(doubted map[tables.SenderKey]bool, out *duty.Out) {
	if maps.Equal(doubted, l.doubted) {
		return
	}
	old := l.doubted
	l.doubted = doubted
	out.Inputs(func(t *tables.Tables) {
		for k := range old {
			if !doubted[k] {
				t.Doubts.Delete(k)
			}
		}
		for k := range doubted {
			t.Doubts.Set(k, struct{}{})
		}
	})
}

// ask asks for a time, unless an earlier one is asked for.
func (l *learner) ask(at time.Time, out *duty.Out) {
	if l.next.IsZero() || at.Before(l.next) {
		l.next = at
		out.At(at)
	}
}
