import hudson.security.FullControlOnceLoggedInAuthorizationStrategy
import hudson.security.HudsonPrivateSecurityRealm
import jenkins.model.Jenkins

// Makes the administrator at the first start, and lets nobody in without logging in.
def jenkins = Jenkins.get()
if (!(jenkins.securityRealm instanceof HudsonPrivateSecurityRealm)) {
    def password = new File('/var/lib/jenkins/secrets/administrator').text
    def realm = new HudsonPrivateSecurityRealm(false)
    realm.createAccount(System.getenv('JENKINS_ADMIN_USERNAME') ?: 'admin', password)
    jenkins.securityRealm = realm
    def strategy = new FullControlOnceLoggedInAuthorizationStrategy()
    strategy.allowAnonymousRead = false
    jenkins.authorizationStrategy = strategy
    jenkins.save()
}
