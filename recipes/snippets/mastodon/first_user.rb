require "json"

# The owner of the site, and the relays of RELAYS_LINKS, unless they are there.
unless Account.local.exists?(username: ENV.fetch("SUPERUSER_USERNAME"))
  user = User.new(
    email: ENV.fetch("SUPERUSER_EMAIL"), password: ENV.fetch("SUPERUSER_PASSWORD"), agreement: true, bypass_invite_request_check: true,
    role: UserRole.find_by(name: "Owner"), account_attributes: { username: ENV.fetch("SUPERUSER_USERNAME") }
  )
  user.confirm
  user.save!
end
relays = ENV["RELAYS_LINKS"].to_s
JSON.parse(relays.empty? ? "[]" : relays).each { |url| Relay.find_or_create_by!(inbox_url: url).enable! }
