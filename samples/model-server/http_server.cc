#include "http_server.h"

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "answer.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::chrono::seconds idle(30);  // a request, or the wait for the next one, may take
constexpr std::chrono::seconds drain(1);  // the same once the server shall end
constexpr std::size_t body_limit = 1 << 20;
constexpr std::size_t header_limit = 16 << 10;

class Connection;

/// One thread and its connections, which nobody else touches.
class Worker {
 public:
  explicit Worker(const Model& model) : model_(model) {}

  asio::io_context& context() { return context_; }
  const Model& model() const { return model_; }
  bool stopping() const { return stopping_; }

  void run() { context_.run(); }
  void add(tcp::socket socket);
  void stop();

  void entered(Connection* connection) { connections_.insert(connection); }
  void left(Connection* connection) {
    connections_.erase(connection);
    if (connections_.empty()) deadline_.cancel();
  }

 private:
  const Model& model_;
  std::set<Connection*> connections_ = {};
  bool stopping_ = false;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  asio::steady_timer deadline_{context_};
};

/// Lives as long as one of its operations is under way.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, tcp::socket socket) : worker_(worker), stream_(std::move(socket)) {
    Error ignored;
    client_ = stream_.socket().remote_endpoint(ignored).address().to_string(ignored);
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    worker_.entered(this);
  }
  ~Connection() { worker_.left(this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(header_limit);
    parser_->body_limit(body_limit);
    stream_.expires_after(idle);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](Error error, std::size_t) { self->asked(error); });
  }

  /// A request that was sent is still read and answered.
  void finish() {
    Error ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_receive, ignored);
  }

 private:
  void asked(Error error) {
    const auto& request = parser_->get();
    if (!error) {
      const beast::string_view method = request.method_string();
      const beast::string_view path = request.target();
      return reply(answer(worker_.model(), {method.data(), method.size()},
                          {path.data(), path.size()}, request.body()),
                   request.keep_alive());
    }
    if (error == http::error::body_limit) {
      return reply(fault(413, "a request has at most " + std::to_string(body_limit) + " bytes"),
                   false);
    }
    // What is left is no HTTP, or a client that went away.
    const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
    if (!gone && error.category() == make_error_code(http::error::bad_method).category()) {
      reply(fault(400, "this is no HTTP request"), false);
    }
  }

  void reply(Answer answer, bool keep_alive) {
    const auto& request = parser_->get();
    log("%s \"%s %s\" %u", client_.c_str(), std::string(request.method_string()).c_str(),
        std::string(request.target()).c_str(), answer.status);
    response_ = {http::int_to_status(answer.status), 11, std::move(answer.body)};
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(keep_alive && !worker_.stopping());
    response_.prepare_payload();
    stream_.expires_after(idle);
    http::async_write(stream_, response_, [self = shared_from_this()](Error error, std::size_t) {
      if (error) return;
      if (self->response_.keep_alive()) return self->read();
      Error ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
      self->stream_.expires_after(drain);
      self->discard();
    });
  }

  /// Until the client has seen the answer: closing a socket with unread bytes would take it back.
  void discard() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(header_limit),
                            [self = shared_from_this()](Error error, std::size_t) {
                              if (!error) self->discard();
                            });
  }

  Worker& worker_;
  beast::tcp_stream stream_;
  std::string client_ = {};
  beast::flat_buffer buffer_ = {};
  boost::optional<http::request_parser<http::string_body>> parser_ = {};
  http::response<http::string_body> response_ = {};
};

void Worker::add(tcp::socket socket) {
  std::make_shared<Connection>(*this, std::move(socket))->read();
}

void Worker::stop() {
  stopping_ = true;
  guard_.reset();
  if (connections_.empty()) return;
  deadline_.expires_after(drain);
  deadline_.async_wait([this](Error error) {
    if (error) return;
    for (Connection* connection : connections_) connection->finish();
  });
}

/// Hands connections to the workers in turn.
class Listener {
 public:
  Listener(std::list<Worker>& workers, std::uint16_t port)
      : workers_(workers), next_(workers.begin()), acceptor_(context_, {tcp::v4(), port}) {
    signals_.async_wait([this](Error, int) { stop(); });
    accept();
  }
  void run() { context_.run(); }

 private:
  void accept() {
    acceptor_.async_accept(next_->context(), [this](Error error, tcp::socket socket) {
      if (!error) hand_over(std::move(socket));
      if (!error || error == asio::error::connection_aborted) return accept();
      if (error == asio::error::operation_aborted) return;
      log("accept: %s", error.message().c_str());  // no descriptors are left: some will be
      retry_.expires_after(std::chrono::milliseconds(100));
      retry_.async_wait([this](Error aborted) {
        if (!aborted) accept();
      });
    });
  }

  void hand_over(tcp::socket socket) {
    Worker& worker = *next_;
    asio::post(worker.context(),
               [&worker, moved = std::move(socket)]() mutable { worker.add(std::move(moved)); });
    if (++next_ == workers_.end()) next_ = workers_.begin();
  }

  /// Who waits to be accepted was told that it is connected, and has asked perhaps.
  void stop() {
    Error error;
    acceptor_.non_blocking(true, error);
    while (!error) {
      tcp::socket socket = acceptor_.accept(next_->context(), error);
      if (!error) hand_over(std::move(socket));
    }
    acceptor_.close(error);
    retry_.cancel();
    for (Worker& worker : workers_) asio::post(worker.context(), [&worker] { worker.stop(); });
  }

  std::list<Worker>& workers_;
  std::list<Worker>::iterator next_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer retry_{context_};
  asio::signal_set signals_{context_, SIGTERM, SIGINT};
};

}  // namespace

void serve(const Model& model, std::uint16_t port, unsigned workers) {
  std::list<Worker> all;
  for (unsigned i = 0; i < workers; ++i) all.emplace_back(model);
  Listener listener(all, port);
  std::vector<std::thread> threads;
  threads.reserve(workers);
  for (Worker& worker : all) threads.emplace_back([&worker] { worker.run(); });
  log("listening on port %u, %u workers", port, workers);
  listener.run();
  for (std::thread& thread : threads) thread.join();
  log("stopped");
}

bool healthy(std::uint16_t port) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  http::request<http::empty_body> request(http::verb::get, "/healthz", 11);
  request.set(http::field::host, "127.0.0.1");
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  bool answered = false;
  stream.expires_after(std::chrono::seconds(5));
  stream.async_connect({asio::ip::address_v4::loopback(), port}, [&](Error failed) {
    if (failed) return;
    http::async_write(stream, request, [&](Error unsent, std::size_t) {
      if (unsent) return;
      http::async_read(stream, buffer, response,
                       [&](Error error, std::size_t) { answered = !error; });
    });
  });
  context.run();
  return answered && response.result() == http::status::ok;
}

void log(const char* format, ...) {
  char line[1024];
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  const std::size_t time =
      std::strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S ", localtime_r(&now, &local));
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line + time, sizeof line - time, format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "%s\n", line);
}
