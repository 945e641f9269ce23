"""Signals that end a master: the first ends the run in good order, the second at once."""

import logging
import signal

import gevent

log = logging.getLogger("chopsticks")

INTERRUPTED = 130
SENT_S = 0.5  # for what was said to workers to be on its way


class Interrupts:
    """Made in the main greenlet, before Locust waits for workers: there it hears of no signal."""

    def __init__(self, runner, master, headless):
        self.runner = runner
        self.master = master
        self.headless = headless
        self.main = gevent.getcurrent()
        self.times = 0
        gevent.signal_handler(signal.SIGINT, self.on_interrupt)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            gevent.signal_handler(signal.SIGHUP, self.on_interrupt)
        gevent.signal_handler(signal.SIGTERM, self.on_terminate)

    @property
    def waits(self):
        """Locust does, for workers, and knows no other end than a trace of its calls."""
        return self.headless and self.master.run is None

    def on_interrupt(self):
        self.times += 1
        if self.times > 1:
            log.error("Interrupted again: the workers clean up by themselves, and keep their "
                      "results")
            self.leave()
        elif self.waits:
            log.error("Interrupted while it waited for workers")
            self.leave()
        else:
            # As if Locust had got it: it shuts down.
            self.throw(KeyboardInterrupt())

    def on_terminate(self):
        """Once it waits no more Locust looks after this one itself."""
        if self.waits:
            self.on_interrupt()

    def leave(self):
        # Who has just ended a load is no client of Locust's for a moment.
        for client in {*self.runner.clients, *self.master.workers}:
            self.runner.send_message("quit", None, client_id=client)
        gevent.sleep(SENT_S)
        self.throw(SystemExit(INTERRUPTED))

    def throw(self, error):
        gevent.get_hub().loop.run_callback(self.main.throw, error)
