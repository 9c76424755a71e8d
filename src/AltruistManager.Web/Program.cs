using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Publishing;
using AltruistManager.Scheduling;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Traffic;
using AltruistManager.Transparency;
using AltruistManager.Web.Api;
using AltruistManager.Web.Commands;
using AltruistManager.Web.Security;
using AltruistManager.Web.Ui;
using AltruistManager.Web.Ui.Pages.Setup;

return await CommandLine.RunAsync(args);

namespace AltruistManager.Web
{
    /// <summary>The service as a whole: what it is made of, in the order in which it starts, and the way of a request through it.</summary>
    internal static class Service
    {
        /// <param name="arguments">Configuration as the framework takes it: <c>--urls …</c>, <c>--Probing:Interval …</c>.</param>
        /// <param name="overrides">Wins over everything else.</param>
        /// <exception cref="SettingsException">Names every bad value.</exception>
        public static WebApplication Build(string[] arguments, IReadOnlyDictionary<string, string?>? overrides = null)
        {
            var builder = ServiceBuilder.Create(arguments, overrides);
            var settings = Settings.Read(builder.Configuration);
            settings.AddTo(builder.Services);

            // Rooms from the lowest to the highest; what starts by itself starts in this order.
            builder.Services.AddStart();
            builder.Services.AddStorage().AddAccounts().AddAltruists().AddProbing().AddHealth().AddSelection().AddTransparency().AddPublishing().AddTraffic().AddAlerts();
            builder.Services.AddScheduling();
            builder.Services.AddTelemetryExport();
            builder.Services.AddSharedKeyRing().AddTrustedProxies().AddKeySecurity().AddSessions().AddExternalSignIn(settings.Accounts).AddRateLimits().AddCompression().AddApi().AddUi();

            var app = builder.Build();
            app.UseForwardedHeaders();
            app.UseHsts();
            app.UseStreams();
            app.UseProblemsForExceptions();
            app.UseJsonWhereCurlSaysForm();
            app.UseApiPage();
            app.UseHeadOfPages();
            app.UseRouting();
            app.UseAuthentication();
            app.UseSessions();
            app.UseRateLimiter();
            app.UseFirstRun();
            app.UseNotFoundPage();
            app.UseProblemsForMissingEndpoints();
            app.UseAuthorization();
            app.UseProblemsBeforeStart();
            app.UseCompression();
            app.MapApi();
            app.MapUi();
            return app;
        }
    }
}
