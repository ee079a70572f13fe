package ofctrl

import (
	"context"
	"sync"
)

// target is the socket that connections go to. Those that are open end when it
// becomes another one.
type target struct {
	mu   sync.Mutex
	path string
	next chan struct{} // closed when it becomes another one
}

func newTarget(path string) *target { return &target{path: path, next: make(chan struct{})} }

// get returns the path, and a context that ends when that is another one.
func (t *target) get(ctx context.Context) (string, context.Context, context.CancelFunc) {
	t.mu.Lock()
	path, next := t.path, t.next
	t.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	stop := make(chan struct{})
	go func() {
		select {
		case <-next:
			cancel()
		case <-stop:
		}
	}()
	return path, ctx, sync.OnceFunc(func() { close(stop); cancel() })
}

func (t *target) set(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.path != path {
		t.path = path
		close(t.next)
		t.next = make(chan struct{})
	}
}

// SetTarget goes over to another bridge, with the whole of the desired state. The
// one before keeps what it has.
func (c *Controller) SetTarget(path string) { c.target.set(path) }
