using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Web;
using AltruistManager.Web.Api;
using AltruistManager.Web.Security;

var builder = WebApplication.CreateBuilder(args);
builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section);
builder.Services.AddOptions<LimitsOptions>().BindConfiguration(LimitsOptions.Section);
builder.Services.AddStorage().AddAccounts();
builder.Services.AddHostedService<Initialisation>();
builder.Services.AddKeySecurity().AddRateLimits();

var app = builder.Build();
app.UseProblemsForExceptions();
app.UseRouting();
app.UseProblemsForMissingEndpoints();
app.UseAuthentication();
app.UseRateLimiter();
app.UseAuthorization();
app.MapApi();
await app.RunAsync();
