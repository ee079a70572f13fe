package ovsdb

import (
	"slices"
	"sync"

	"github.com/weft-sdn/weft/schema"
)

// locks are those of one server, by name: RFC 7047 sections 4.1.8 to 4.1.10.
type locks struct {
	mu sync.Mutex // guards what follows; a session's outbox may be taken under it
	// queues hold who waits for a lock; the first owns it. A robbed owner stays
	// in line behind the thief.
	queues map[string][]*session
}

// take puts a session in line, at the front if it steals. It tells the one who
// is robbed.
func (l *locks) take(s *session, name string, steal bool) (owns bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[name]
	if steal && len(q) > 0 {
		q[0].notifyLock("stolen", name)
		q = slices.Insert(q, 0, s)
	} else {
		q = append(q, s)
	}
	l.queues[name] = q
	return q[0] == s
}

// leave takes a session out of the line, and tells the next one if it owned
// the lock.
func (l *locks) leave(s *session, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[name]
	i := slices.Index(q, s)
	if i < 0 {
		return
	}
	q = slices.Delete(q, i, i+1)
	if len(q) == 0 {
		delete(l.queues, name)
		return
	}
	l.queues[name] = q
	if i == 0 {
		q[0].notifyLock("locked", name)
	}
}

func (l *locks) owns(s *session, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[name]
	return len(q) > 0 && q[0] == s
}

func (s *session) notifyLock(method, name string) {
	b := append(appendNotification(nil, method), schema.EncodeJSON(name)...)
	s.update(append(b, "]}"...), nil)
}

// lockMethod is lock and steal.
func (s *session) lockMethod(msg *message) error {
	name, err := lockName(msg)
	if err != nil {
		return err
	}
	if s.locks[name] {
		return syntaxError(msg.params, "must issue \"unlock\" before new \"%s\"", msg.method)
	}
	if err := s.mayHold(1, len(name)); err != nil {
		return err
	}
	s.locks[name] = true
	result := `{"locked":false}`
	if s.srv.locks.take(s, name, msg.method == "steal") {
		result = `{"locked":true}`
	}
	s.out.reply(appendReply(nil, msg.id, []byte(result)))
	return nil
}

func (s *session) unlock(msg *message) error {
	name, err := lockName(msg)
	if err != nil {
		return err
	}
	if !s.locks[name] {
		return syntaxError(msg.params, "unlock: \"unlock\" without \"lock\" or \"steal\"")
	}
	delete(s.locks, name)
	s.srv.locks.leave(s, name)
	s.out.reply(appendReply(nil, msg.id, []byte("{}")))
	return nil
}

func lockName(msg *message) (string, error) {
	if args := msg.args(); len(args) == 1 {
		if name, ok := stringOf(args[0]); ok && schema.IsID(name) {
			return name, nil
		}
	}
	return "", syntaxError(msg.params, "%s request params must be <id>", msg.method)
}
